"""A made-up Britain to measure matching with: people, what a service records of them, and what someone tells of them.

Names fall as often as in Britain (`matching_names`). What is told of a person is their record with mistakes of known
kinds: each kind alone, and mixed as people mix them. Every table here is split by its entries into a half to improve
the rules with and a half held out, which the reported figures come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from zlib import crc32

from bench.matching_names import COMMUNITIES, ENGLISH_SURNAMES, TOWNS
from scheduler.rules.matching import Identity

TODAY = date(2026, 11, 1)
TUNING, HELD_OUT = 0, 1


@dataclass(slots=True)
class Person:
    """Someone: what is true of them."""

    given: str
    middle: str
    family: str
    woman: bool
    community: int
    birth: str
    phone: str
    aliases: tuple[str, ...] = ()
    known_by: str | None = None  #: a whole name instead of the parts, when it is written another way

    @property
    def name(self) -> str:
        """The whole name as it is written."""
        return self.known_by or " ".join(part for part in (self.given, self.middle, self.family) if part)

    def identity(self) -> Identity:
        """As the rules take it."""
        return Identity((self.name, *self.aliases), self.birth or None, self.phone or None)


def _falling(names: Sequence[str], flat: float) -> list[float]:
    return list(accumulate(1 / (rank + flat) for rank in range(1, len(names) + 1)))


_GIVEN = [(_falling(each.men, each.flat), _falling(each.women, each.flat)) for each in COMMUNITIES]
_SURNAMES = [
    list(accumulate(each.top * rank**-each.steep for rank in range(1, len(each.surnames) + 1))) for each in COMMUNITIES
]
_ENGLISH = list(accumulate(rank**-0.55 for rank in range(1, len(ENGLISH_SURNAMES) + 1)))
_TOWNS = list(accumulate((rank + 100) ** -0.6 for rank in range(1, len(TOWNS) + 1)))
_TOWNS_SHUFFLED = Random(5).sample(TOWNS, len(TOWNS))
_SHARES = list(accumulate(each.share for each in COMMUNITIES))
_MUSLIM, _SIKH, _POLISH = 4, 5, 7


def _surname(community: int, chance: Random) -> str:
    kept = _SURNAMES[community]
    whole = COMMUNITIES[community]
    if not whole.tail or chance.random() < kept[-1]:
        return chance.choices(whole.surnames, cum_weights=kept)[0]
    if whole.tail == "english" and chance.random() < 0.5:
        return chance.choices(ENGLISH_SURNAMES, cum_weights=_ENGLISH)[0]
    return chance.choices(_TOWNS_SHUFFLED, cum_weights=_TOWNS)[0]


def _birth(chance: Random) -> str:
    age = chance.triangular(16, 78, 33)
    return (TODAY - timedelta(days=int(age * 365.25))).isoformat()


def _phone(chance: Random) -> str:
    """A number that nobody can have: there are far more people here than numbers for drama."""
    return f"+44000{chance.randrange(10**8):08d}"


def someone(chance: Random, women: float) -> Person:
    """A person; `women` is the share of women among those asked for."""
    at = chance.choices(range(len(COMMUNITIES)), cum_weights=_SHARES)[0]
    woman = chance.random() < women
    names = COMMUNITIES[at].women if woman else COMMUNITIES[at].men
    given = chance.choices(names, cum_weights=_GIVEN[at][woman])[0]
    family, middle = _surname(at, chance), ""
    if at == _MUSLIM and not woman and chance.random() < 0.25 and not given.startswith("Moham"):
        given, middle = chance.choice(("Mohammed", "Muhammad", "Mohammad", "Abdul", "Syed")), given
    elif at == _SIKH:
        if family in ("Singh", "Kaur"):
            family = "Kaur" if woman else "Singh"
        elif chance.random() < 0.5:
            middle = "Kaur" if woman else "Singh"
    elif at == _POLISH and woman and family.endswith(("ski", "cki")):
        family = family[:-1] + "a"
    elif chance.random() < 0.08:
        middle = chance.choices(names, cum_weights=_GIVEN[at][woman])[0]
    if chance.random() < 0.02:
        family = f"{family}-{_surname(at, chance)}"
    phone = _phone(chance)
    return Person(given, middle if middle != given else "", family, woman, at, _birth(chance), phone)


def client_record(who: Person, chance: Random) -> Person:
    """What a service has recorded of a client: some without a birth date or a phone, a few with an alias."""
    birth = chance.random()
    kept = who.birth if birth < 0.95 else who.birth[:4] if birth < 0.97 else ""
    aliases = (f"{_any_half_short(who.given)} {who.family}",) if chance.random() < 0.03 else ()
    return replace(who, birth=kept, phone=who.phone if chance.random() < 0.8 else "", aliases=aliases)


def named_record(who: Person, chance: Random) -> Person:
    """What a woman tells of someone: mostly the birth date, or the year, perhaps a guess; seldom a phone."""
    birth = chance.random()
    told = who.birth
    if birth > 0.90:
        told = ""
    elif birth > 0.70:
        told = str(int(who.birth[:4]) + chance.choice((0, 0, 0, -1, 1, 2)))
    name = _any_half_short(who.given) if chance.random() < 0.2 else who.given
    return replace(
        who, given=name, middle=who.middle if chance.random() < 0.5 else "", birth=told,
        phone=who.phone if chance.random() < 0.35 else "",
    )  # fmt: skip


# --- tables: written for this alone; each entry is in one half -------------------------------------------------------

_SHORT = """
David:Dave,Davey,Davy,Dai Gareth:Gaz,Gary,Gazza Gary:Gaz,Gazza Darren:Daz,Dazza Barry:Baz,Bazza Sharon:Shaz,Shazza
Mohammed:Mo,Mohd,Md Muhammad:Mo,Md Mohammad:Mo Robert:Rob,Bob,Bobby,Robbie,Rab,Bert
William:Will,Bill,Billy,Willie,Liam James:Jim,Jimmy,Jamie,Jay John:Johnny,Jack,Jon Michael:Mike,Mick,Mickey,Mikey
Andrew:Andy,Drew Anthony:Tony,Ant Stephen:Steve,Ste,Stevie Steven:Steve,Ste,Stevie Christopher:Chris,Kit
Richard:Rick,Richie,Rich,Dick,Ricky Daniel:Dan,Danny Matthew:Matt,Matty Thomas:Tom,Tommy,Tam Joseph:Joe,Joey
Edward:Ed,Eddie,Ted,Ned,Teddy Benjamin:Ben,Benny,Benji Samuel:Sam,Sammy Alexander:Alex,Sandy,Al,Alec,Xander
Nicholas:Nick,Nicky Jonathan:Jon,Jonny Philip:Phil,Pip Phillip:Phil Gerald:Gerry,Ged Gerard:Ged,Gerry
Kenneth:Ken,Kenny Ronald:Ron,Ronnie Raymond:Ray Terence:Terry,Tel Derek:Del Leonard:Len,Lenny Leslie:Les Stuart:Stu
Timothy:Tim,Timmy Gregory:Greg Douglas:Doug,Dougie Donald:Don,Donnie Frederick:Fred,Freddie
Charles:Charlie,Chas,Chaz,Chuck Patrick:Pat,Paddy Francis:Frank,Frankie Geoffrey:Geoff Jeffrey:Jeff
Lawrence:Larry,Laurie Vincent:Vince,Vinny Dominic:Dom Nathan:Nate,Nath Bradley:Brad Zachary:Zac,Zak Joshua:Josh
Jacob:Jake Callum:Cal Kevin:Kev Trevor:Trev Nigel:Nige Malcolm:Mal,Malc Gordon:Gordy Wayne:Wazza Jeremy:Jez,Jem
Terry:Tez Simon:Si Martin:Marty,Mart Peter:Pete Colin:Col Alan:Al Clifford:Cliff Harold:Harry Henry:Harry,Hal
Albert:Bert,Bertie,Al Alfred:Alf,Alfie Ernest:Ernie Archibald:Archie,Baldy Hugh:Hughie,Shug
Elizabeth:Liz,Beth,Lizzie,Betty,Libby,Eliza,Lisa,Betsy Catherine:Cath,Kate,Cathy,Kitty Katherine:Kath,Kate,Kathy,Katie
Kathleen:Kath,Kathy Margaret:Maggie,Peggy,Meg,Marge,Mags,Greta Rebecca:Becky,Becca,Bex Samantha:Sam,Sammy
Jennifer:Jen,Jenny Jacqueline:Jackie,Jacqui Deborah:Debbie,Debs,Deb Susan:Sue,Susie,Suzie
Victoria:Vicky,Vic,Tori,Vikki Patricia:Pat,Trish,Tricia,Patsy Christine:Chris,Chrissie,Tina Michelle:Shell,Chelle
Nicola:Nicky,Nikki,Nic Alexandra:Alex,Sandra,Lexi,Sasha Stephanie:Steph,Stevie Natalie:Nat Natasha:Tash,Tasha
Amanda:Mandy Kimberley:Kim Abigail:Abi,Abbie,Gail Charlotte:Charlie,Lottie,Char Jessica:Jess,Jessie Theresa:Terry,Tess
Teresa:Tess Dorothy:Dot,Dotty,Dolly Eleanor:Ellie,Nell,Nora Isabel:Izzy,Bella Barbara:Barb,Babs Penelope:Penny
Philippa:Pippa,Pip Gillian:Gill,Jill Pamela:Pam Sandra:Sandy Caroline:Carol,Caz,Carrie Karen:Kaz,Kazza Tracey:Trace
Leanne:Lee Josephine:Jo,Josie Joanne:Jo,Joey Frances:Fran,Frankie Veronica:Ronnie,Vera Bridget:Biddy,Bridie
Louise:Lou,Lulu Sarah:Sally,Sadie,Saz Emily:Em,Emmy,Milly Lauren:Loz,Laz Laura:Loz Gabrielle:Gabby
Chantelle:Shan,Telle Angela:Angie,Ange Rosemary:Rose,Rosie Sophie:Soph Olivia:Liv,Livvy Georgia:Georgie,George
Melanie:Mel Danielle:Dani,Elle Mary:Molly,Polly,May Agnes:Nessie,Senga Eilidh:Eily Isobel:Ishbel,Bel
Padraig:Paddy,Podge,Patrick Seamus:James,Shay Eoin:Owen,Ian,John Siobhan:Shiv,Joan Sean:John Liam:William
Bridget:Bridie,Breda Sinead:Jane Aoife:Eva Ciaran:Kieran Conor:Con Dafydd:Dai,David,Daf Ieuan:Ian,John Huw:Hugh
Owain:Owen Sion:John Gwenllian:Gwen Angharad:Haz,Angie Rhiannon:Rhi Bethan:Beth Catrin:Cat,Catherine Hywel:Howell
Rhys:Reece Evan:Ifan Malcolm:Calum Alasdair:Ali,Al,Alistair Ibrahim:Ibi,Abraham Yusuf:Joe,Yus Usman:Usi,Ozzy
Hassan:Hass Hussain:Huss Imran:Immy,Imi Kashif:Kash Asif:Asi Tariq:Taz Shahid:Shah,Shid Khalid:Kal Waqas:Vicky,Waq
Faisal:Faz Kamran:Kam,Kami Rizwan:Riz Irfan:Irf Sajid:Saj Nadeem:Naz,Dean Bilal:Billy,Bil Hamza:Hamz Adeel:Adi
Zeeshan:Zee,Shan Abdul:Abs,Ab Abdullah:Abdul,Ab Mustafa:Mus,Stafa Fatima:Fatty,Fats,Tima Shabana:Shabs Nasreen:Naz,Nas
Rukhsana:Roxy,Ruki Samina:Sam,Mina Shazia:Shaz,Shazi Zainab:Zee,Zaini Gurpreet:Gary,Preet,Guri,Gops
Harpreet:Harry,Preet,Harps Manjit:Manj Balbir:Bal Jaswinder:Jas,Jassi Sukhdev:Suki,Sukh Ranjit:Ran,Jit Amarjit:Amar
Kulwinder:Kully,Kul Parminder:Pam,Parm,Pinder Gurdeep:Gurd,Deep Manpreet:Manny,Preet Satnam:Sat Baldev:Bal,Dev
Surinder:Sunny,Indy Rajinder:Raj Amandeep:Aman Sandeep:Sandy,San Hardeep:Deep,Harry Rajesh:Raj Sanjay:Sanj,Jay
Vijay:Vij,Jay Nilesh:Nil Suresh:Sur Hitesh:Hits Vikram:Vik,Vic Deepak:Dee Pradeep:Prad Krzysztof:Krzys,Krzysiek,Chris
Andrzej:Andrew,Jedrek Tomasz:Tomek,Tom Pawel:Paul Marcin:Martin Michal:Michael,Misiek Grzegorz:Greg,Grzesiek,Grzes
Jakub:Kuba,Jake Mateusz:Matt,Mati Wojciech:Wojtek Dariusz:Darek Mariusz:Mario Zbigniew:Zbyszek Jerzy:Jurek,George
Przemyslaw:Przemek Maciej:Maciek Jaroslaw:Jarek Slawomir:Slawek Bartosz:Bartek,Bart Radoslaw:Radek
Stanislaw:Staszek,Stan Ryszard:Rysiek,Richard Leszek:Lech Arkadiusz:Arek Piotr:Peter,Piotrek Marek:Mark
Katarzyna:Kasia,Kate Malgorzata:Gosia,Margaret Agnieszka:Aga,Agnes Magdalena:Magda Elzbieta:Ela,Elizabeth Joanna:Asia
Aleksandra:Ola Zofia:Zosia,Sophie Dorota:Dorotka Izabela:Iza Karolina:Karola Krystyna:Krysia Ewa:Eva
Oleksandr:Sasha,Alex,Olek Volodymyr:Vova,Vlad Mykola:Kolya,Nick Andriy:Andrew Nataliya:Natasha Olena:Lena,Helen
Kateryna:Katya Emmanuel:Manny,Emma Emeka:Meka Oluwaseun:Seun Babatunde:Tunde,Baba Chukwuemeka:Emeka Ikechukwu:IK,Ike
Abdirahman:Abdi Temitope:Temi Funmilayo:Funmi Nathaniel:Nate,Nat Jermaine:Jay Solomon:Sol Moses:Mo Theo:Theodore
Winston:Win Mehmet:Mohammed,Memo Mahmoud:Mahmood Fatemeh:Fatima Youssef:Joseph,Joe
"""

_SPELT = """
Mohammed=Muhammad=Mohamed=Mohammad=Muhammed=Mohamad Hussain=Hussein=Husain=Hossain Ahmed=Ahmad=Ahmet
Yusuf=Yousuf=Yousaf=Youssef Hassan=Hasan Usman=Othman=Uthman=Osman Omar=Umar=Omer Khalid=Khaled Rashid=Rasheed
Saleem=Salim Naveed=Navid Nasir=Naser Tariq=Tarek Sheikh=Shaikh=Sheik Chowdhury=Choudhury=Chaudhry=Choudhry
Rahman=Rehman Siddique=Siddiqui Qureshi=Koreshi Malik=Mallick Mahmood=Mahmoud=Mehmood Iqbal=Eqbal Akhtar=Akhter=Aktar
Begum=Begom Miah=Mia=Miya Uddin=Ud-Din Islam=Eslam Fatima=Fatimah=Fathima Aisha=Ayesha=Aysha Zainab=Zaynab=Zeinab
Khadija=Khadijah Nasreen=Nasrin Yasmin=Yasmeen Parveen=Parvin Abdul=Abdal Abdullah=Abdulla=Abdallah Ibrahim=Ebrahim
Ismail=Ishmael Mustafa=Mostafa Faisal=Faysal Shah=Sha Saeed=Said=Sayed Jaswinder=Jasvinder Kulwinder=Kulvinder
Manjit=Manjeet Gurpreet=Gurprit Dhillon=Dillon Sidhu=Sidhoo Patel=Patil Sharma=Sarma Chatterjee=Chatterji
Banerjee=Banerji Krishna=Krishnan Lakhani=Lakhany Shreya=Shriya Stephen=Steven=Stephan Philip=Phillip=Philipp
Geoffrey=Jeffrey=Jeffery Alan=Allan=Allen Graham=Graeme Stuart=Stewart Sean=Shaun=Shawn Ian=Iain Marc=Mark Eric=Erik
Neil=Neal Brian=Bryan=Bryon Carl=Karl Anthony=Antony Lawrence=Laurence Jon=John Jonathan=Jonathon Nicholas=Nicolas
Terence=Terrence Gary=Garry Callum=Calum Connor=Conor Kieran=Ciaran=Keiran Aidan=Aiden Reece=Rhys=Reese Dillon=Dylan
Leigh=Lee Darren=Darrin=Daren Derek=Derrick Kristian=Christian Jeremy=Jeromy Catherine=Katherine=Kathryn=Catharine
Sarah=Sara Claire=Clare Ann=Anne Lindsey=Lindsay Tracey=Tracy Stacey=Stacy Lesley=Leslie Michelle=Michele
Teresa=Theresa Elizabeth=Elisabeth Rebecca=Rebekah Zoe=Zoey Hannah=Hanna Natalie=Nathalie Danielle=Daniele
Jacqueline=Jacquelyn Debra=Deborah Gillian=Jillian Vicky=Vicki=Vikki Kayleigh=Kayley Leanne=Lee-Anne Megan=Meghan
Jodie=Jody Siobhan=Shivaun=Chevonne Niamh=Neve Aoife=Eefa Caoimhe=Keeva=Kweeva Sinead=Shinead Grainne=Grania
Roisin=Rosheen Eilidh=Ailey Tadhg=Teague Diarmuid=Dermot Eoghan=Owen Cathal=Cahal Padraig=Porick Oisin=Osheen
Clark=Clarke Brown=Browne Smith=Smyth=Smythe Thomson=Thompson Stephens=Stevens Davies=Davis=Davys Phillips=Philips
Green=Greene Reid=Reed=Read White=Whyte Wood=Woods Hughes=Hughs=Huws Nicholson=Nicolson Johnson=Johnston=Johnstone
Mathews=Matthews Lewis=Louis Rees=Reece=Reese Lloyd=Loyd Pritchard=Prichard Griffiths=Griffith=Griffths
Llewellyn=Llewelyn Evans=Evens Pearce=Pierce Macdonald=McDonald=MacDonnald Mackenzie=McKenzie Mackay=McKay
MacLeod=McLeod=McCloud Mclean=MacLean Robertson=Robinson Campbell=Cambell Morrison=Morison Ferguson=Fergusson
Paterson=Patterson Kerr=Carr Burns=Byrnes Docherty=Doherty=Dougherty O'Reilly=Reilly=Riley O'Neill=O'Neil=Neill
O'Brien=O'Bryan=Brien O'Connor=O'Conner=Connor O'Sullivan=Sullivan Murphy=Murphey Kelly=Kelley Byrne=Burn
Walsh=Welsh=Walshe Gallagher=Gallacher Fitzgerald=Fitzgerrald McCarthy=MacCarthy Donnelly=Donelly Kavanagh=Cavanagh
Maguire=McGuire Keane=Kane Meagher=Maher Keogh=Kehoe Geraghty=Gerrity Krzysztof=Kristof Wojciech=Voytek Jakub=Jacob
Lukasz=Lukas=Lucas Pawel=Pavel Michal=Michael Mateusz=Mateus Katarzyna=Catarzyna Aleksandra=Alexandra
Wiktoria=Victoria Kowalski=Kovalski=Kowalsky Wisniewski=Visnievski Wojcik=Voychik Lewandowski=Levandovski
Szymanski=Shimanski Wozniak=Vozniak Kaczmarek=Katchmarek Jankowski=Yankowski Zajac=Zayac Krawczyk=Kravchik
Michalski=Mihalski Shevchenko=Szewczenko Kovalenko=Kowalenko Oleksandr=Aleksandr=Alexander Volodymyr=Vladimir
Mykola=Nikolai Andriy=Andrii=Andrey Serhiy=Sergei=Sergey Oksana=Oxana Iryna=Irina Yuliia=Julia=Yulia Popescu=Popesku
Kwame=Kwami Kofi=Cofie Owusu=Owuso Mensah=Mensa Okafor=Okafo Adeyemi=Adeyeme Abdi=Cabdi Mohamed=Maxamed
Warsame=Warsama Hassan=Xasan Farah=Faarax Jallow=Jalloh=Diallo Ceesay=Cessay Bah=Barry Fatou=Fatoumata Aminata=Amina
Ousman=Ousmane=Usman Hussein=Xuseen Tesfaye=Tesfay Ghebremedhin=Gebremedhin Chukwuemeka=Chukwuemeca Oluwaseun=Oluseun
Ochieng=Ochienge Mahmoud=Mahmood Layla=Leila=Laila Noor=Nour Reza=Riza Hosseini=Husseini Ahmadi=Ahmady Yilmaz=Yilmas
Sahin=Shahin Celik=Chelik
"""


def _in_half(entry: str, half: int | None) -> bool:
    return half is None or crc32(entry.encode()) % 2 == half


def _pairs(half: int | None) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """(other forms, other spellings) of each name, both ways; of this half, or all."""
    shorts: dict[str, list[str]] = {}
    for entry in _SHORT.split():
        formal, _, others = entry.partition(":")
        for other in others.split(","):
            if _in_half(f"{formal}:{other}", half):
                shorts.setdefault(formal, []).append(other)
                shorts.setdefault(other, []).append(formal)
    spelt: dict[str, list[str]] = {}
    for entry in _SPELT.split():
        forms = entry.split("=")
        for one in forms:
            found = [o for o in forms if o != one and _in_half("=".join(sorted((one, o))), half)]
            if found:
                spelt.setdefault(one, []).extend(found)
    return shorts, spelt


TABLES = {half: _pairs(half) for half in (TUNING, HELD_OUT, None)}


def _any_half_short(given: str) -> str:
    found = TABLES[None][0].get(given)
    return found[0] if found else given


# --- what is told wrongly -------------------------------------------------------------------------------------------

_KEYS = dict(zip("abcdefghijklmnopqrstuvwxyz", (
    "qsz", "vgn", "xdv", "sfe", "wrd", "dgr", "fht", "gjy", "uok", "hku", "jli", "kop", "njk", "bhm", "ipl", "ol",
    "wa", "etf", "adw", "ryg", "yij", "cbg", "qes", "zcs", "tuh", "xas",
), strict=True))  # fmt: skip
_HEARD = (
    ("ph", "f"), ("f", "ph"), ("ck", "k"), ("c", "k"), ("k", "c"), ("ie", "y"), ("y", "ie"), ("ea", "ee"), ("ee", "ea"),
    ("ll", "l"), ("nn", "n"), ("tt", "t"), ("s", "z"), ("z", "s"), ("ey", "y"), ("ay", "ai"), ("oo", "u"), ("w", "wh"),
    ("ough", "uff"), ("augh", "or"), ("gh", "g"), ("er", "ar"), ("or", "er"), ("an", "en"), ("en", "an"), ("in", "en"),
    ("ow", "ou"), ("ei", "ie"), ("x", "cks"), ("qu", "kw"), ("j", "g"), ("v", "f"), ("th", "t"), ("mc", "mac"),
)  # fmt: skip


def _typed(word: str, chance: Random) -> str:
    """One slip of the finger."""
    if len(word) < 3:
        return word
    at = chance.randrange(len(word))
    kind = chance.choice(("drop", "double", "swap", "near", "near"))
    if kind == "drop":
        return word[:at] + word[at + 1 :]
    if kind == "double":
        return word[:at] + word[at] + word[at:]
    if kind == "swap":
        at = min(at, len(word) - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    near = _KEYS.get(word[at].lower(), "")
    return word[:at] + (chance.choice(near) if near else "") + word[at + 1 :]


def _heard(word: str, chance: Random) -> str:
    """Written as it sounded."""
    low = word.lower()
    may = [(sound, other) for sound, other in _HEARD if sound in low]
    if not may:
        return word
    sound, other = chance.choice(may)
    return low.replace(sound, other, 1).capitalize()


Kind = Callable[[Person, Random, int | None], Person]


def _short(who: Person, chance: Random, half: int | None) -> Person:
    found = TABLES[half][0].get(who.given)
    return replace(who, given=chance.choice(found)) if found else who


def _spelling(who: Person, chance: Random, half: int | None) -> Person:
    table = TABLES[half][1]
    given, family = table.get(who.given), table.get(who.family)
    if given and (not family or chance.random() < 0.5):
        return replace(who, given=chance.choice(given))
    return replace(who, family=chance.choice(family)) if family else who


def _swapped_names(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, given=who.family, family=who.given, middle="")


def _barrelled(who: Person, chance: Random, half: int | None) -> Person:
    if "-" in who.family:
        one, other = who.family.split("-", 1)
        return replace(who, family=chance.choice((one, other, f"{other}-{one}", f"{one} {other}")))
    more = _surname(who.community, chance)
    return replace(who, family=chance.choice((f"{who.family}-{more}", f"{more}-{who.family}")))


def _middle(who: Person, chance: Random, half: int | None) -> Person:
    """A middle name left out or given, or the one who is known by it."""
    if who.middle:
        return replace(who, middle="", given=chance.choice((who.given, who.middle)))
    names = COMMUNITIES[who.community].women if who.woman else COMMUNITIES[who.community].men
    other = chance.choice(names)
    return replace(who, middle=other) if chance.random() < 0.6 else replace(who, given=other, middle=who.given)


def _community_word(who: Person, chance: Random, half: int | None) -> Person:
    """Singh, Kaur, Begum, Mohammed, Syed: said by some and left out by others."""
    if who.community == _MUSLIM:
        if who.middle:
            return replace(who, given=who.middle, middle="")
        if who.woman:
            return replace(who, middle=chance.choice(("Begum", "Bibi")))
        return replace(who, given="Mohammed", middle=who.given) if not who.given.startswith("Moham") else who
    if who.community == _SIKH:
        return replace(who, middle="" if who.middle else "Kaur" if who.woman else "Singh")
    return who


def _joined(who: Person, chance: Random, half: int | None) -> Person:
    """Two words as one, or one as two: Abdul Rahman, Abdulrahman; O'Neill, O Neill; Mac Donald."""
    if who.middle:
        return replace(who, given=who.given + who.middle.lower(), middle="")
    for start in ("O'", "Mc", "Mac", "De", "El", "Al"):
        if who.family.startswith(start) and len(who.family) > len(start) + 3:
            first, rest = start.rstrip("'"), who.family[len(start) :]
            return replace(who, family=chance.choice((f"{first} {rest}", f"{first}{rest}")))
    return who


def _street_name(who: Person, chance: Random, half: int | None) -> Person:
    street = chance.choice(("Spider", "Ginge", "Smiler", "Ox", "Tank", "Duke", "Biggsy", "Ghost", "Red", "Bear"))
    return replace(who, known_by=street, aliases=(who.name,))


def _typed_given(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, given=_typed(who.given, chance))


def _typed_family(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, family=_typed(who.family, chance))


def _heard_given(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, given=_heard(who.given, chance))


def _heard_family(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, family=_heard(who.family, chance))


def _no_birth(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, birth="")


def _year(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, birth=who.birth[:4])


def _about(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, birth=str(int(who.birth[:4]) + chance.choice((-2, -1, 1, 2)))) if who.birth else who


def _swapped_birth(who: Person, chance: Random, half: int | None) -> Person:
    if len(who.birth) == 10 and int(who.birth[8:]) <= 12:
        return replace(who, birth=f"{who.birth[:4]}-{who.birth[8:]}-{who.birth[5:7]}")
    return who


def _digit_of_birth(who: Person, chance: Random, half: int | None) -> Person:
    """One part of the date wrong: the day, the month, or the last digit of the year."""
    if len(who.birth) != 10:
        return who
    year, month, day = who.birth.split("-")
    part = chance.randrange(3)
    if part == 0:
        year = f"{year[:3]}{chance.randrange(10)}"
    elif part == 1:
        month = f"{chance.randint(1, 12):02}"
    else:
        day = f"{chance.randint(1, 28):02}"
    return replace(who, birth=f"{year}-{month}-{day}")


def _first_of_january(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, birth=f"{who.birth[:4]}-01-01") if who.birth else who


def _other_phone(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, phone=_phone(chance))


def _other_surname(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, family=_surname(who.community, chance))


def _false_name(who: Person, chance: Random, half: int | None) -> Person:
    other = someone(chance, float(who.woman))
    return replace(who, given=other.given, middle="", family=other.family)


def _initial(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, given=who.given[:1], middle="")


def _only_first(who: Person, chance: Random, half: int | None) -> Person:
    return replace(who, middle="", family="")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A kind of mistake. `weight` is how often it comes in the mixture, beside the others; `keeps` says what must be
    known beside it for anybody to tell that it is the same person: "birth" or "phone"."""

    what: str
    make: Kind
    weight: float
    keeps: str = ""
    record: tuple[str, ...] = field(default=())


KINDS = (
    Wrong("another form of the first name", _short, 20),
    Wrong("another spelling", _spelling, 14),
    Wrong("a slip in the first name", _typed_given, 6),
    Wrong("a slip in the last name", _typed_family, 8),
    Wrong("the first name as it sounds", _heard_given, 5),
    Wrong("the last name as it sounds", _heard_family, 6),
    Wrong("first and last swapped", _swapped_names, 4),
    Wrong("double-barrelled, or half of it", _barrelled, 4),
    Wrong("a middle name more, less or instead", _middle, 5),
    Wrong("Singh, Kaur, Begum, Mohammed more or less", _community_word, 5),
    Wrong("two words as one, or one as two", _joined, 2),
    Wrong("a street name, the real one as alias", _street_name, 3),
    Wrong("no birth date", _no_birth, 16),
    Wrong("only the year", _year, 10),
    Wrong("a year guessed within two", _about, 7),
    Wrong("day and month swapped", _swapped_birth, 4),
    Wrong("one part of the birth date wrong", _digit_of_birth, 4),
    Wrong("1 January for an unknown day", _first_of_january, 3),
    Wrong("another phone", _other_phone, 12),
    Wrong("another surname, the birth date right", _other_surname, 1, "birth"),
    Wrong("a false name, the phone right", _false_name, 0.5, "phone"),
    Wrong("an initial and the surname, birth date right", _initial, 1, "birth"),
    Wrong("only a first name, birth date right", _only_first, 1, "birth"),
)
_WEIGHTS = list(accumulate(kind.weight for kind in KINDS))
#: How many mistakes at once: one in ten is told without any.
_HOW_MANY = ((0, 0.10), (1, 0.50), (2, 0.30), (3, 0.10))


def told(who: Person, kinds: Sequence[Wrong], chance: Random, half: int | None) -> Person | None:
    """`who` as told with these mistakes, or None when one of them changes nothing or takes away what another needs."""
    found = who
    for kind in kinds:
        after = kind.make(found, chance, half)
        if after == found:
            return None
        found = after
    if any(kind.keeps == "birth" for kind in kinds) and found.birth != who.birth:
        return None
    if any(kind.keeps == "phone" for kind in kinds) and found.phone != who.phone:
        return None
    return found


def mixed(who: Person, chance: Random, half: int | None) -> tuple[Person, tuple[Wrong, ...]]:
    """`who` as told with none to three mistakes, each kind as often as its weight says."""
    while True:
        many = chance.choices([n for n, _ in _HOW_MANY], [share for _, share in _HOW_MANY])[0]
        kinds = tuple(chance.choices(KINDS, cum_weights=_WEIGHTS)[0] for _ in range(many))
        if len({kind.what for kind in kinds}) < many:
            continue
        found = told(who, kinds, chance, half)
        if found is not None:
            return found, kinds
