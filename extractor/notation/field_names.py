"""Names that documents print for what fields are called: `Tel.` for `phone`, `Rabatt` for `discount`. They are compared
in small letters without marks (`échéance` is `echeance`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

# On a line, or on one and those it goes on to, names that mean the same.
_SAME = """
email, e mail, mail, email address, e mail address, mail address, e mail adresse, mailadresse, courriel, \
adresse e mail, adresse email, correo, correo electronico, posta elettronica, indirizzo e mail, e post
phone, telephone, tel, phone number, telephone number, tel no, phone no, telefon, telefonnummer, telefono, telefoon, \
telefone, tlf
mobile, mobile phone, mobile number, mobile no, cell, cell phone, mobil, mobiltelefon, handy, mobiel, movil, \
cellulare, telemovel
fax, telefax, fax number, fax no, faxnummer
website, web, web site, homepage, internet, url, webseite, site web, sitio web, sito web
date, datum, fecha, data
due date, due, payment due, date due, due by, pay by, fallig am, falligkeit, falligkeitsdatum, zahlbar bis, echeance, \
date d echeance, vencimiento, fecha de vencimiento, scadenza, vervaldatum
invoice date, date of invoice, rechnungsdatum, date de facture, fecha de factura, data fattura, factuurdatum
order date, date of order, ordered on, bestelldatum, date de commande, fecha de pedido, besteldatum
delivery date, date of delivery, liefertermin, lieferdatum, date de livraison, fecha de entrega, leverdatum
invoice number, invoice no, invoice nr, invoice id, rechnungsnummer, rechnung nr, rechnungs nr, facture no, \
numero de facture, factura no, numero de factura, numero fattura, factuurnummer
order number, order no, order nr, order id, bestellnummer, bestell nr, auftragsnummer, numero de commande, \
numero de pedido, numero ordine, ordernummer, bestelnummer
customer number, customer no, customer id, client no, kundennummer, kunden nr, numero client, numero de cliente, \
klantnummer
reference, ref, reference number, reference no, ref no, your reference, your ref, referenz, referencia, riferimento, \
referentie
tax id, tax number, tax no, vat id, vat number, vat no, vat reg no, vat registration number, tin, ein, ust id, \
ust idnr, ust id nr, umsatzsteuer id, steuernummer, steuer nr, siret, numero tva, tva intracommunautaire, nif, cif, \
partita iva, p iva, btw nummer
discount, rabatt, nachlass, remise, descuento, sconto, korting
tip, gratuity, trinkgeld, pourboire, propina, mancia
shipping, delivery, shipping cost, delivery charge, postage, freight, versand, versandkosten, frais de port, \
gastos de envio, verzendkosten
iban, account, account number, account no, kontonummer, konto nr
po number, po no, purchase order, purchase order number, purchase order no
currency, ccy, cur, currency code, wahrung, waehrung, devise, divisa, monnaie, moneda, valuta, moeda
birth date, date of birth, birthday, born, dob, geburtsdatum, geboren am, date de naissance, fecha de nacimiento
name, full name, nom, nombre, nome, naam
address, anschrift, adresse, direccion, indirizzo, adres
postal code, postcode, post code, zip, zip code, plz, postleitzahl, code postal, codigo postal, cap
city, town, ort, stadt, ville, ciudad, citta, plaats
country, land, pays, pais, paese
paid, settled, bezahlt, beglichen, paye, acquitte, pagado, pagato, saldato, betaald
packages, parcels, number of packages, number of parcels, pakete, anzahl pakete, packstucke, anzahl packstucke, \
colis, nombre de colis, bultos, numero de bultos, colli, aantal colli
company, firma, company name, societe, entreprise, empresa, azienda, bedrijf
"""
_STATES = frozenset("is has was are".split())  # before what a key of a yes or a no is about
_NUMBER = frozenset("number no nr num".split())
_REACHED = frozenset("email phone mobile fax website".split())  # names that say it all, whoever's it is

_GROUPS = [[name.strip() for name in line.split(",")] for line in _SAME.strip().split("\n")]
_GROUP_OF = {name: group for group in reversed(_GROUPS) for name in group}


def names(words: Sequence[str]) -> Iterator[str]:
    """What a label may be called that means what a key of these `words` (in small letters, without marks) means; the
    key's own name first, none twice."""
    yield from dict.fromkeys(_names(words))


def kind(words: Sequence[str]) -> str:
    """The first name of the key's group: `email` for `e_mail` and `customer_email`; its own name where it has none."""
    name = " ".join(words)
    group = _GROUP_OF.get(name) or (_GROUP_OF.get(words[-1]) if words else None)
    return group[0] if group and (name in group or group[0] in _REACHED) else name


def _names(words: Sequence[str]) -> Iterator[str]:
    joined = " ".join(words)
    yield joined
    yield from _GROUP_OF.get(joined, ())
    if len(words) > 1 and words[-1] in _NUMBER:
        rest = " ".join(words[:-1])
        yield rest
        yield from (f"{rest} {one}" for one in ("no", "nr", "number"))
    if words and (name := kind(words)) in _REACHED:
        yield from _GROUP_OF[name]
    if len(words) > 1 and words[0] in _STATES:
        yield from _names(words[1:])
