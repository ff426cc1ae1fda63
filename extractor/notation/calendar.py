"""The names of months and weekdays, by language (ISO 639-1). One table: what reads dates, what prints them and what
searches for them mean the same names. What stands for a whole name may be read anywhere; what only begins like one, and
short names that are words of other languages, only where a day and a year stand beside it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "pl": "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
    "cs": "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "no": "januar februar mars april mai juni juli august september oktober november desember",
    "fi": "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "sk": "január február marec apríl máj jún júl august september október november december",
    "hu": "január február március április május június július augusztus szeptember október november december",
    "ro": "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
    "id": "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
    "ru": "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
    "uk": "січень лютий березень квітень травень червень липень серпень вересень жовтень листопад грудень",
    "el": "Ιανουάριος Φεβρουάριος Μάρτιος Απρίλιος Μάιος Ιούνιος Ιούλιος Αύγουστος Σεπτέμβριος Οκτώβριος "
    "Νοέμβριος Δεκέμβριος",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "he": "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר",
}
_INFLECTED = {  # as they stand behind a day, and behind `in`
    "pl": (
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        "styczniu lutym marcu kwietniu maju czerwcu lipcu sierpniu wrześniu październiku listopadzie grudniu",
    ),
    "cs": (
        "ledna února března dubna května června července srpna září října listopadu prosince",
        "lednu únoru březnu dubnu květnu červnu červenci srpnu září říjnu listopadu prosinci",
    ),
    "fi": tuple(" ".join(name + ending for name in _MONTHS["fi"].split()) for ending in ("ta", "ssa", "n")),
    "de": ("Jänner Feber März April Mai Juni Juli August September Oktober November Dezember",),
    "sk": ("januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra",),
    "ru": (
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре",
    ),
    "uk": ("січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",),
    "el": (
        "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου "
        "Δεκεμβρίου",
    ),
    "he": (" ".join("ב" + name for name in _MONTHS["he"].split()),),
}
_SHORT = {  # where they are not the first three letters, or are more than one
    "en": ("Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec",),
    "de": ("Jan Feb Mrz Apr Mai Jun Jul Aug Sept Okt Nov Dez",),
    "fr": (
        "janv févr mars avr mai juin juil août sept oct nov déc",
        "jan fév mar avr mai jun jul aoû sep oct nov déc",
    ),
    "es": ("ene feb mar abr may jun jul ago sept oct nov dic",),
    "it": ("gen feb mar apr mag giu lug ago sett ott nov dic",),
    "nl": ("jan feb mrt apr mei jun jul aug sept okt nov dec",),
    "pl": ("sty lut mar kwi maj cze lip sie wrz paź lis gru",),
    "cs": ("led úno bře dub kvě čvn čvc srp zář říj lis pro",),
    "no": ("jan feb mar apr mai jun jul aug sep okt nov des",),
    "fi": ("tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",),
    "hu": ("jan febr már ápr máj jún júl aug szept okt nov dec",),
}
_WEEKDAYS = {  # from Sunday on
    "en": "Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
    "de": "Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag",
    "fr": "dimanche lundi mardi mercredi jeudi vendredi samedi",
    "es": "domingo lunes martes miércoles jueves viernes sábado",
    "it": "domenica lunedì martedì mercoledì giovedì venerdì sabato",
    "nl": "zondag maandag dinsdag woensdag donderdag vrijdag zaterdag",
    "pt": "domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado",
    "pl": "niedziela poniedziałek wtorek środa czwartek piątek sobota",
    "cs": "neděle pondělí úterý středa čtvrtek pátek sobota",
    "sv": "söndag måndag tisdag onsdag torsdag fredag lördag",
    "da": "søndag mandag tirsdag onsdag torsdag fredag lørdag",
    "no": "søndag mandag tirsdag onsdag torsdag fredag lørdag",
    "fi": "sunnuntai maanantai tiistai keskiviikko torstai perjantai lauantai",
    "tr": "Pazar Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi",
    "sk": "nedeľa pondelok utorok streda štvrtok piatok sobota",
    "hu": "vasárnap hétfő kedd szerda csütörtök péntek szombat",
    "ro": "duminică luni marți miercuri joi vineri sâmbătă",
    "id": "Minggu Senin Selasa Rabu Kamis Jumat Sabtu",
    "ru": "воскресенье понедельник вторник среда четверг пятница суббота",
    "uk": "неділя понеділок вівторок середа четвер п'ятниця субота",
    "el": "Κυριακή Δευτέρα Τρίτη Τετάρτη Πέμπτη Παρασκευή Σάββατο",
    "ar": "الأحد الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت",
    "he": "ראשון שני שלישי רביעי חמישי שישי שבת",
}
MONTHS = {language: tuple(names.split()) for language, names in _MONTHS.items()}
WEEKDAYS = {language: tuple(names.split()) for language, names in _WEEKDAYS.items()}
SHORT_MONTHS_FR = tuple("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.".split())

# Languages whose short names are read in running text. Those of the others begin words of these: `lis`, `des`, `pro`.
READ = ("en", "de", "fr", "es", "it", "nl", "pt")
_STOPPED = frozenset(("des", "pro", "led", "elo", "noi"))  # these even beside a day and a year only with a full stop
# Beside the first three letters of each name: Dutch `mrt`, Scandinavian `maj`, and `juillet`, which begins as `juin`.
_MORE = {"mrt": 3, "maj": 5, "juil": 7}
_LEAST = 3  # letters that a name is shortened to


def _series(language: str) -> Iterator[tuple[str, ...]]:
    yield MONTHS[language]
    yield from (tuple(names.split()) for names in _INFLECTED.get(language, ()))
    yield from (tuple(names.split()) for names in _SHORT.get(language, ()))
    if language not in ("fr", "pl", "cs", "fi", "ar", "he"):  # in these two begin alike, or it is not done
        yield tuple(name[:_LEAST] for name in MONTHS[language])


# What a language calls its months, January to December: whole, inflected, short.
SERIES = {language: tuple(_series(language)) for language in MONTHS}


def _plain(name: str) -> str:
    """Without accents and in small letters, as who has no such keys writes it."""
    if name.isascii():
        return name.lower()
    bare = unicodedata.normalize("NFD", name.lower().replace("ı", "i").replace("ł", "l").replace("ø", "o"))
    return "".join(char for char in bare if not unicodedata.combining(char))


def _names(series: Iterable[tuple[str, ...]]) -> dict[str, int]:
    """The months of names in small letters, with accents and without."""
    spelled = [(name.lower(), at) for names in series for at, name in enumerate(names, 1)]
    return dict([*((_plain(name), at) for name, at in spelled), *spelled])


def _whole(language: str) -> Iterator[tuple[str, ...]]:
    short = [tuple(names.split()) for names in _SHORT.get(language, ())]
    return (names for names in SERIES[language] if language in READ or (names not in short and len(names[0]) > _LEAST))


_ENGLISH = _names(SERIES["en"])
_WHOLE = _names(names for language in MONTHS for names in _whole(language)) | _MORE | {"maerz": 3}
_OTHERS = _names(names for language in MONTHS if language not in READ for names in SERIES[language])


def _prefixes() -> Iterator[tuple[str, int]]:
    for month in range(12, 0, -1):  # backwards: what two begin with, `jui`, is the earlier one's
        for language in READ:
            yield MONTHS[language][month - 1][:_LEAST].lower(), month


_BY_PREFIX = dict(_prefixes()) | _MORE


# Regular expressions, in any case


def _beginning(words: Iterable[str]) -> str:
    """One of them. What several begin with is looked at once, and first letters stand in brackets: what begins with
    none of them is left at once."""
    tree: dict[str, dict[str, list[str]]] = {}
    for word in sorted(words):
        end = word[2:] + (r"(?=\.)" if word in _STOPPED else "")
        tree.setdefault(word[0], {}).setdefault(word[1], []).append(end)
    return "|".join(
        f"{_letter(first)}(?:{'|'.join(_letter(second) + _one_of(ends) for second, ends in more.items())})"
        for first, more in tree.items()
    )


def _any_of(words: Iterable[str]) -> str:
    """One of them and no letter behind it."""
    return f"(?:(?:{_beginning(words)})(?![^\\W\\d_]))"


def _letter(letter: str) -> str:
    """In both cases; Turkish has two letters `i`."""
    return f"[{letter}{letter.upper()[:1]}{'ıİ' if letter in 'iı' else ''}]"


def _one_of(ends: list[str]) -> str:
    """The longest that fits."""
    return f"(?i:{'|'.join(sorted(ends, key=len, reverse=True))})"


NAME = _any_of(_WHOLE)  # a month's name, whole or short
ENGLISH = _any_of(_ENGLISH)  # in no other language the day stands behind it
LIKE = f"(?:(?:{_beginning(_BY_PREFIX)})[^\\W\\d_]{{0,9}}|{_any_of({*_OTHERS, *_WHOLE})})"  # or what begins like one
FIRST_LETTERS = "".join(
    sorted({letter for name in (*_BY_PREFIX, *_OTHERS, *_WHOLE) for letter in (name[0], name[0].upper())})
)

ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}  # the year before the first of each
ORDINAL = r"(?:st|nd|rd|th|er|ste|re|ro|de|e|:[ae]|[.º°ª])"  # behind the day of a month


_DAYS = frozenset(_plain(name) for names in WEEKDAYS.values() for name in names)
_MEANT = {**{_plain(name): at for name, at in _OTHERS.items()}, **{_plain(name): at for name, at in _WHOLE.items()}}
_ANYWHERE = frozenset(_plain(name) for name in _WHOLE)


def is_name(word: str, dated: bool = False) -> bool:
    """Whether it is a month's, whole or short. `dated`: a day and a year stand beside it."""
    plain = _plain(word)
    return plain in _ANYWHERE or (dated and plain in _MEANT)


def month(name: str) -> int:
    """1 to 12 of a month's name: whole, short, cut off anywhere (`Octob.`), or misread by a letter where it is long
    (`Decernber`); 0 where `name` is none, whatever it begins with: `Maison`, `maandag` and `Martin` are no months."""
    plain = _plain(name)
    if plain in _DAYS:
        return 0
    return _MEANT.get(plain) or _CUT_OFF.get(plain) or _misread(plain)


def _shorter(name: str) -> Iterator[str]:
    """It, and it without each of its letters."""
    yield name
    yield from (name[:at] + name[at + 1 :] for at in range(len(name)))


_LONG = 7  # letters of a name that one of them wrong leaves alone among words
_READ_NAMES = [(_plain(name), at) for language in READ for at, name in enumerate(MONTHS[language], 1)]
_CUT_OFF = {
    name[:length]: at
    for name, at in reversed(_READ_NAMES)
    for length in range(_LEAST + 1, len(name))
    if len(name) >= _LONG - 1
}
_LIKE_LONG = {one: at for name, at in _READ_NAMES if len(name) >= _LONG for one in _shorter(name.replace("rn", "m"))}


def _misread(plain: str) -> int:
    """Of a name with one letter too many, too few or another; `rn` is read for `m`."""
    seen = plain.replace("rn", "m")
    if len(seen) < _LONG - 1:
        return 0
    return next((_LIKE_LONG[one] for one in _shorter(seen) if one in _LIKE_LONG), 0)
