"""Mails: who, when and what, the text once, and what is attached, as parts."""

from __future__ import annotations

import base64
import time
from email.message import EmailMessage

import pytest

from extractor.sandbox import Rejected
from tests.documents.making import docx, p, read

B64 = "Content-Transfer-Encoding: base64\n"
HEAD = "Subject: Order\nFrom: a@example.com\nTo: b@example.com\nDate: Fri, 02 Jan 2026 10:00:00 +0100\n"
SAID = HEAD + "MIME-Version: 1.0\n"


def mail(rest: str) -> bytes:
    return (SAID + rest).encode()


def multipart(kind: str, *parts: str, mark: str = "b1") -> str:
    inner = "".join(f"--{mark}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{mark}"\n\n{inner}--{mark}--\n'


def part(kind: str, said: str, more: str = "") -> str:
    return f"Content-Type: {kind}\n{more}\n{said}\n"


def packed(data: bytes) -> str:
    return base64.encodebytes(data).decode()


PLAIN = part("text/plain; charset=utf-8", "Hello, please send twenty bolts of the long kind to our office in Berlin.")
HTML = part("text/html; charset=utf-8", "<p>Hello, <b>please</b> send twenty bolts.</p>")


def parts(document) -> list[tuple[str | None, str, str]]:
    return [(each.name, each.kind, document.text[each.start : each.stop].strip("\n")) for each in document.parts]


def test_the_head_stands_as_lines_with_labels():
    mail = (
        "Received: by x\nFrom: =?utf-8?q?M=C3=BCller=2C_Hans?= <hans@example.com>\n"
        'To: "Erika Muster" <e@example.com>,\n "Meier, Otto" <o@example.com>\nCC: c@example.com\n'
        "Bcc: d@example.com\nX-Spam: no\n"
        "Subject: =?iso-8859-1?Q?F=FCr?= =?utf-8?B?w6Rs?=\n =?utf-8?B?bGU=?= und alle\n"
        "Date: Fri, 2 Jan 2026 10:00:00 +0000 (UTC)\n\nBody\n"
    )
    assert read(mail.encode()).text == (
        "Subject: Fürälle und alle\nFrom: Müller, Hans <hans@example.com>\n"
        'To: Erika Muster <e@example.com>, "Meier, Otto" <o@example.com>\nCc: c@example.com\nBcc: d@example.com\n'
        "Date: Fri, 2 Jan 2026 10:00:00 +0000\n\nBody\n"
    )


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("=?utf-8?B?w6Q=?= =?utf-8?B?w7Y=?=", "äö"),
        ("=?utf-8?B?w6T?= =?utf-8?B?w7Y=?=", "äö"),
        ("=?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "€"),  # a character cut in two
        ("=?iso-2022-jp?B?GyRCQDU1YRsoQg==?=", "正求"),
        ("=?ks_c_5601-1987?B?vNvA5Q==?=", "송장"),
        ("=?windows-1252*de?Q?=80_5?=", "€ 5"),
        ("=?no-such?Q?caf=C3=A9?=", "café"),
        ("=?utf-8?Q?broken", "=?utf-8?Q?broken"),
        ("Rechnung für Müller", "Rechnung für Müller"),
        ("a =?utf-8?Q??= b", "a b"),
    ],
)
def test_encoded_words(subject, expected):
    mail = f"From: a@example.com\nMIME-Version: 1.0\nSubject: {subject}\n\nx\n"
    assert read(mail.encode()).text.startswith(f"Subject: {expected}\n")
    if not subject.isascii():
        assert read(mail.encode("latin-1")).text.startswith(f"Subject: {expected}\n")


def test_one_of_two_wordings():
    document = read(mail(multipart("alternative", PLAIN, HTML)))
    assert document.text == HEAD + "\nHello, please send twenty bolts of the long kind to our office in Berlin.\n"
    stub = part("text/plain", "Please view this mail as HTML.")
    long = part("text/html", "<p>" + "Twenty bolts, please. " * 20 + "</p>")
    assert "view this mail" not in read(mail(multipart("alternative", stub, long))).text
    assert "Twenty bolts" in read(mail(multipart("alternative", part("text/plain", " \n"), HTML))).text + "Twenty bolts"
    assert "please send" in read(mail(multipart("alternative", part("text/plain", " \n"), HTML))).text


def test_html_alone_is_read_as_it_is_seen():
    page = "<style>p{color:red}</style><div style='display:none'>preview</div><table><tr><td>Total<td>5 &euro;</table>"
    assert read(mail(part("text/html; charset=utf-8", page))).text == HEAD + "\nTotal | 5 €\n"
    quoted = part(
        "text/html; charset=iso-8859-1", "<p>f=FCr =80 5</p>", "Content-Transfer-Encoding: quoted-printable\n"
    )
    assert read(mail(quoted)).text == HEAD + "\nfür € 5\n"


def test_attachments_are_parts():
    word = packed(docx(p("from Word")))
    office = part(
        "application/octet-stream",
        word,
        "Content-Disposition: attachment; filename*0*=utf-8''Ang%C3%A4; filename*1=bot.docx\n" + B64,
    )
    note = part(
        "text/plain; charset=cp1252; name=note.txt",
        packed("5 €".encode("cp1252")),
        B64,
    )
    table = part("text/csv", "a;b\n1;2\n", "Content-Disposition: attachment; filename=../../t.csv\n")
    document = read(mail(multipart("mixed", multipart("alternative", PLAIN, HTML, mark="b2"), office, note, table)))
    assert [each[:2] for each in parts(document)] == [
        (None, "document"),
        ("Angäbot.docx", "attachment"),
        ("note.txt", "attachment"),
        ("t.csv", "attachment"),
    ]
    assert [each[2] for each in parts(document)][1:] == ["from Word", "5 €", "a | b\n1 | 2"]
    assert "Attachments: Angäbot.docx, note.txt, t.csv\n\nHello, please" in document.text
    assert [document.text[slice(*name)] for name in document.spans_of_file_names] == [
        "Angäbot.docx",
        "note.txt",
        "t.csv",
    ]
    assert document.parts[1].media_type.endswith("wordprocessingml.document")
    assert [cell.address for cell in document.cells] == ["A1", "B1", "A2", "B2"]


def test_messages_within_messages():
    third = "Subject: Third\nFrom: c@example.com\n\nthree\n"
    second = "Subject: Second\nFrom: b@example.com\nMIME-Version: 1.0\n" + multipart(
        "mixed", part("text/plain", "two"), part("message/rfc822", third), mark="b2"
    )
    document = read(mail(multipart("mixed", PLAIN, part("message/rfc822", second))))
    assert [(name, kind) for name, kind, _ in parts(document)] == (
        [(None, "document"), ("Second", "message"), ("Third", "message")]
    )
    assert parts(document)[2][2] == "Subject: Third\nFrom: c@example.com\n\nthree"
    coded = part("message/rfc822", packed(third.encode()), B64)
    assert parts(read(mail(multipart("mixed", PLAIN, coded))))[1][2].endswith("three")


def test_digests_and_mailboxes():
    one, two = "From: a@example.com\nSubject: One\n\nfirst\n", "From: b@example.com\nSubject: Two\n\nsecond\n"
    digest = multipart("digest", "\n" + one, "\n" + two)
    assert [each[1:] for each in parts(read(mail(digest)))][1:] == [
        ("message", "Subject: One\nFrom: a@example.com\n\nfirst"),
        ("message", "Subject: Two\nFrom: b@example.com\n\nsecond"),
    ]
    box = "From a@example.com Fri Jan  2 10:00:00 2026\n{}\nFrom b@example.com Fri Jan  2 11:00:00 2026\n{}"
    document = read(box.format("MIME-Version: 1.0\n" + one, "MIME-Version: 1.0\n" + two).encode())
    assert [each[2].split("\n")[-1] for each in parts(document)] == ["first", "second"]


def test_lines_that_flow():
    body = "This line goes \non here.\n> quoted \n> too\nnot \n-- \nErika\n"
    assert read(mail(part("text/plain; format=flowed", body))).text == (
        HEAD + "\nThis line goes on here.\n> quoted too\nnot\n--\nErika\n"
    )
    assert read(mail(part("text/plain; format=flowed; delsp=yes", "中 \n国\n"))).text == HEAD + "\n中国\n"
    assert read(mail(part("text/plain", "keeps \nits lines\n"))).text == HEAD + "\nkeeps\nits lines\n"


def test_pictures_of_a_signature_are_not_attachments():
    page = part("text/html", "<p>Regards</p><img src=cid:logo>")
    logo = part(
        "image/png; name=logo.png",
        packed(b"\x89PNG" + bytes(500)),
        "Content-ID: <logo>\nContent-Transfer-Encoding: base64\n",
    )
    document = read(mail(multipart("related", page, logo)))
    assert (len(document.parts), document.text) == (1, HEAD + "\nRegards\n")


def warnings(document) -> list[str]:
    return [*document.warnings, *(warning for page in document.pages for warning in page.warnings)]


def test_what_is_signed_says_so():
    signature = part("application/pgp-signature", "-----BEGIN PGP SIGNATURE-----")
    document = read(mail(multipart("signed", PLAIN, signature)))
    assert warnings(document) == ["the mail is signed; the signature was not checked"]
    assert "twenty bolts" in document.text


def element(tag: int, *inner: bytes) -> bytes:
    held = b"".join(inner)
    size = bytes([len(held)]) if len(held) < 128 else b"\x82" + len(held).to_bytes(2, "big")
    return bytes([tag]) + size + held


@pytest.mark.parametrize("endless", [False, True])
def test_what_is_signed_as_a_whole_is_read(endless):
    inner = b"Content-Type: text/plain\r\n\r\nsigned words\r\n"
    octets = element(0x24, element(4, inner[:20]), element(4, inner[20:])) if endless else element(4, inner)
    data_kind, signed_kind = bytes.fromhex("06092a864886f70d010701"), bytes.fromhex("06092a864886f70d010702")
    held = b"\xa0\x80" + octets + b"\0\0" if endless else element(0xA0, octets)
    signed = element(0x30, element(2, b"\1"), element(0x31), element(0x30, data_kind, held))
    sealed = element(0x30, signed_kind, element(0xA0, signed))
    mail_ = part("application/pkcs7-mime; smime-type=signed-data", packed(sealed), B64)
    document = read(mail(mail_))
    assert document.text == HEAD + "\nsigned words\n"
    assert warnings(document) == ["the mail is signed; the signature was not checked"]
    for cut in (10, 40, len(sealed) - 3):
        mail_ = part("application/pkcs7-mime", packed(sealed[:cut]), B64)
        with pytest.raises(Rejected, match="encrypted"):
            read(mail(mail_))


@pytest.mark.parametrize(
    "said",
    [
        multipart("encrypted", part("application/pgp-encrypted", "Version: 1"), part("application/octet-stream", "x")),
        part(
            "application/pkcs7-mime; smime-type=enveloped-data",
            packed(bytes(50)),
            B64,
        ),
    ],
)
def test_what_is_encrypted_is_refused_or_said(said):
    with pytest.raises(Rejected, match="encrypted") as caught:
        read(mail(said))
    assert caught.value.code == "unreadable_document"
    inner = said.replace("b1", "b2")
    document = read(mail(multipart("mixed", PLAIN, inner)))
    assert any("encrypted" in warning for warning in warnings(document))
    message = part("message/rfc822", SAID + inner)
    document = read(mail(multipart("mixed", PLAIN, message)))
    assert any("encrypted" in warning for warning in warnings(document))


def test_winmail_is_said_plainly():
    packing = part(
        "application/ms-tnef; name=winmail.dat",
        packed(b"\x78\x9f\x3e\x22" + bytes(20)),
        B64,
    )
    document = read(mail(multipart("mixed", PLAIN, packing)))
    assert "winmail.dat" in warnings(document)[0]
    assert len(document.parts) == 1


def test_damaged_mails():
    cut = mail(multipart("mixed", PLAIN, part("text/plain; name=a.txt", "attached"))).rsplit(b"--b1--", 1)[0]
    assert [each[2] for each in parts(read(cut))][1:] == ["attached"]
    lost = mail('Content-Type: multipart/mixed; boundary="x"\n\nall that is left\n')
    document = read(lost)
    assert document.text == HEAD + "\nall that is left\n"
    assert "could not be told apart" in warnings(document)[0]
    assert read(mail("Content-Type: multipart/mixed\n\nno mark\n")).text == HEAD + "\nno mark\n"
    wrong = part("text/plain; charset=utf-8", packed("für 5 €".encode("cp1252")), B64)
    assert read(mail(wrong)).text == HEAD + "\nfür 5 €\n"
    for charset in ("no-such", "rot13", "x" * 500, "unknown-8bit", ""):
        assert read(mail(part(f"text/plain; charset={charset}", "für"))).text == HEAD + "\nfür\n"
    assert read((SAID.replace("\n", "\r\n") + "\r\nwide").encode("utf-16")).text == HEAD + "\nwide\n"


def test_no_more_than_twenty_parts_and_three_levels():
    many = [part("text/plain; name=a.txt", f"n{at}", "Content-Disposition: attachment\n") for at in range(30)]
    document = read(mail(multipart("mixed", PLAIN, *many)))
    assert len(document.parts) == 21
    assert any("10 further attachments" in warning for warning in warnings(document))
    inner = "Subject: Last\nFrom: z@example.com\n\nend\n"
    for at in range(6):
        inner = f"Subject: Level {at}\nFrom: y@example.com\nMIME-Version: 1.0\n" + multipart(
            "mixed", part("text/plain", f"at {at}"), part("message/rfc822", inner), mark=f"m{at}"
        )
    document = read(inner.encode())
    assert len(document.parts) == 4
    assert any("deeper than 3" in warning for warning in warnings(document))


@pytest.mark.parametrize(
    "said",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=x%d\n\n--x%d\n" % (at, at) for at in range(5_000)),
        b"\n" * 20_000_000,
        b"Content-Type: text/plain\n\n" + b"x\n" * 4_000_000,
    ],
)
def test_mails_that_take_too_long_are_refused_at_once(said):
    began = time.process_time()
    with pytest.raises(Rejected) as caught:
        read(b"MIME-Version: 1.0\nSubject: x\n" + said)
    assert caught.value.code == "document_too_complex"
    assert time.process_time() - began < 5


def test_what_the_library_writes():
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        "Bestellung für März",
        "Jürgen <j@example.com>",
        "b@example.com",
    )
    message.set_content("Guten Tag,\nzwanzig Schrauben bitte, wie immer an unsere Anschrift in Köln, mit Rechnung.")
    message.add_alternative("<p>Guten Tag</p>", subtype="html")
    message.add_attachment(docx(p("Angebot")), maintype="application", subtype="octet-stream", filename="Größe.docx")
    document = read(message.as_bytes())
    assert document.text.startswith("Subject: Bestellung für März\nFrom: Jürgen <j@example.com>\n")
    assert [each[0] for each in parts(document)] == [None, "Größe.docx"]
    assert parts(document)[1][2] == "Angebot"
