"""Invented people: names, birth dates and telephone numbers. The numbers are Ofcom's for drama, which ring nowhere."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

WOMEN = (
    "Aaliyah Abigail Ada Adaeze Agnieszka Aisha Alice Amara Amelia Amina Amy Anita Anjali Anna Anwen Asha Ayesha "
    "Beatrice Becky Bethan Blessing Bridget Bronwen Caitlin Carla Carly Carol Catherine Chantelle Charlene Charlotte "
    "Chloe Claire Danielle Dawn Debbie Deepa Diane Donna Ebony Eileen Elaine Eleri Elif Elizabeth Ellie Emma Esther "
    "Eve Faith Farah Fatima Fiona Folake Freya Gemma Georgia Gill Grace Gwen Habiba Hannah Harpreet Hayley Heather "
    "Helen Holly Ines Iona Irena Isla Jade Jamila Janet Jasmine Jean Jenny Jodie Josie Joyce Judith Julie Karen Kasia "
    "Kate Kayleigh Keisha Kelly Kerry Kiran Laila Laura Leanne Leila Lena Lesley Lily Linda Lisa Lorraine Louise Lucy "
    "Magda Mandy Margaret Maria Marcia Mary Meera Megan Mel Michelle Mina Monika Nadia Naomi Natalie Nia Nicola Niamh "
    "Nisha Nora Olivia Oluchi Pamela Parveen Paula Pauline Philippa Pooja Precious Rachel Rania Rebecca Rhian Rosa "
    "Rosie Ruth Sadia Saima Sally Samantha Sandra Sara Shabnam Shanice Shannon Sharon Sheila Sian Simone Sinead Sonia "
    "Sophie Stacey Stella Sunita Susan Tamara Tanya Tara Temi Teresa Theresa Tina Tracey Uzma Valerie Vera Wanjiru "
    "Wendy Yasmin Yetunde Zainab Zara Zoe"
).split()

MEN = (
    "Aaron Abdul Adam Adeel Adrian Ahmed Alan Alex Ali Andrew Anthony Asif Barry Ben Bilal Brian Callum Carl Chidi "
    "Chris Colin Connor Craig Curtis Damian Dan Darren David Dean Declan Derek Dominic Duncan Dylan Ed Eddie Emmanuel "
    "Ethan Femi Frank Gareth Gary Gavin George Glen Graham Grzegorz Gurdeep Hamza Harry Hassan Howard Ian Ibrahim "
    "Imran Jack Jake Jamal James Jamie Jason Jermaine Joe John Jordan Joseph Josh Kamran Karl Keith Kevin Khalid Kofi "
    "Kwame Kyle Lee Leon Leroy Liam Lloyd Luke Marcus Marek Mark Martin Matthew Michael Mick Mohammed Nathan Neil "
    "Nigel Omar Patrick Paul Pawel Peter Phil Piotr Raj Ray Reece Rhys Richard Ricky Rob Robert Robin Rory Ross Roy "
    "Russell Ryan Sam Scott Sean Shane Shaun Simon Stefan Stephen Stuart Sukhdev Tariq Terry Thomas Tom Tony Tyrone "
    "Usman Vikram Wayne William Winston Yusuf Zac"
).split()

_FIRST_HALVES = (
    "Alder Amble Apple Ash Barrow Beck Bel Birch Black Brad Bram Bright Brook Burn Cal Carl Chad Clay Clif Cole "
    "Copper Cors Cran Crow Dal Deep Den Dray East El Ever Fair Farn Fern Fox Gar Glen Gold Graf Green Had Hal Harl "
    "Hart Haw Hazel Hol Hur Ing Ivy Kel Kings Lang Lin Lock Long Mal Marl Mel Mill Moor Nor Oak Ot Park Pen Pick Rams "
    "Red Ridge Rock Rush Sand Sel Shal Shel Sil Stan Stoke Stone Sut Thorn Tor Up Wake Wal War Well West Whit Wil Win "
    "Wood Wrex Yar"
).split()
_SECOND_HALVES = (
    "bank bourne bridge brook burn bury by cliffe combe cott croft dale den ditch field ford gate grave ham hill "
    "holme hurst land lake leigh ley low man more ness ridge shaw stead sley ster stock thorpe ton tree well wick "
    "wood worth"
).split()
_MORE_SURNAMES = (
    "Abara Adeyemi Afolabi Agarwal Ahmadi Akhtar Ali Amoah Bailey Banerjee Begum Bello Bhatti Boateng Campbell "
    "Chaudhry Chowdhury Clarke Conteh Costa Dabrowska Danso Davies Desai Diallo Douglas Dube Edwards Evans Farooq "
    "Fernandes Francis Gill Gordon Grant Griffiths Gupta Hassan Hughes Hussain Ibrahim Iqbal Jallow James Jones Joshi "
    "Kamara Kaur Kelly Khan Kowalska Kumar Lawal Lewandowska Lewis Mahmood Malik McCarthy Mehta Mensah Mirza Morgan "
    "Murphy Mwangi Nair Ncube Nowak Nwosu Obi Ochieng Okafor Okonkwo Osei Owusu Patel Pereira Powell Price Qureshi "
    "Rahman Rao Rashid Reilly Roberts Ryan Saleh Sesay Shah Sharma Sheikh Sidhu Silva Singh Sowah Sultana Thomas "
    "Uddin Usman Walker Wieczorek Williams Wisniewska Yusuf Zaman Zielinska"
).split()

SURNAMES = tuple(
    sorted({first + second for first in _FIRST_HALVES for second in _SECOND_HALVES if first[-1] != second[0]})
) + tuple(_MORE_SURNAMES)

#: Ofcom's numbers for drama: mobiles, then landlines that belong to nobody.
_MOBILE = "+447700900{:03d}"
_LANDLINES = tuple(
    f"+44{area}{{:03d}}"
    for area in (
        "1134960", "1144960", "1154960", "1164960", "1174960", "1184960", "1214960", "1314960", "1414960", "1514960",
        "1614960", "1914980", "2079460", "2890180", "2920180", "1632960", "3069990",
    )
)  # fmt: skip
MOBILES = 1000


def mobile(number: int) -> str:
    """The drama mobile with this number, from 0 to 999, in E.164."""
    return _MOBILE.format(number % MOBILES)


def telephone(number: int) -> str | None:
    """A number for the person with this place in the data, never the same for two: mobiles first, then landlines, and
    none when Ofcom's numbers for drama have run out."""
    if number < MOBILES:
        return mobile(number)
    bank, rest = divmod(number - MOBILES, 1000)
    return _LANDLINES[bank].format(rest) if bank < len(_LANDLINES) else None


def surname(random: Random) -> str:
    """A surname: mostly made from two halves, so that a hundred thousand people are not all called the same."""
    return random.choice(SURNAMES) if random.random() < 0.75 else random.choice(_MORE_SURNAMES)


def birth_date(random: Random, today: date) -> str:
    """A birth date from 18 to 72 years before `today`; of one person in twenty only the year is known."""
    born = today - timedelta(days=random.randint(18 * 366, 72 * 365))
    return str(born.year) if random.random() < 0.05 else born.isoformat()
