"""Invented people's names as Britain has them: the commonest first, by community and sex, to measure matching with.

Nothing here comes from the product, and nothing in the product reads it: the tables of `rules.nicknames` were written
without it, and it without them. The order is what counts: `matching_people` gives the first of a list the share that
the commonest name really has.
"""

from __future__ import annotations

from typing import NamedTuple


class Community(NamedTuple):
    """How a share of the people are called. `flat` is how evenly given names spread (the larger, the more even);
    `top` the share of the commonest surname, `steep` how fast the next ones fall; the rest have a name of the tail."""

    share: float
    men: tuple[str, ...]
    women: tuple[str, ...]
    surnames: tuple[str, ...]
    flat: float
    top: float
    steep: float
    tail: str = ""


_ENGLISH_MEN = (
    "David John Michael Paul Andrew James Mark Robert Stephen Christopher Peter Richard Daniel Matthew Ian Thomas "
    "Anthony Simon Kevin Gary Steven Lee Martin William Jason Darren Alan Philip Craig Adam Neil Jonathan Benjamin "
    "Ryan Wayne Stuart Nicholas Joseph Jamie Alexander Scott Carl Dean Shaun Sean Luke Liam Nathan Jack Joshua Samuel "
    "Connor Callum Jordan Kyle Ashley Bradley Karl Barry Graham Keith Kenneth Brian Nigel Colin Trevor Raymond "
    "Terence Roy Derek Dennis Patrick Russell Adrian Julian Timothy Tony Aaron Lewis Charles George Edward Harry "
    "Oliver Jake Dominic Marc Gavin Leon Shane Phillip Geoffrey Roger Malcolm Gareth Dale Damian Glen Justin Marcus "
    "Clive Leslie Ronald Eric Frank Norman Donald Gordon Douglas Stanley Albert Arthur Fred Ross Elliot Reece Curtis "
    "Toby Max Tyler Brandon Ricky Danny Joe Sam Ben Tom Chris Mitchell Declan Kieran Corey Jay Troy Lloyd Duncan "
    "Guy Howard Laurence Vincent Clifford Harold Ernest Maurice Hugh Bernard Gerald Desmond Rodney Kirk Wesley"
).split()
_ENGLISH_WOMEN = (
    "Sarah Susan Emma Karen Laura Claire Nicola Rebecca Lisa Julie Michelle Joanne Jane Helen Samantha Rachel Louise "
    "Victoria Amy Charlotte Kelly Amanda Jessica Lauren Deborah Sharon Tracey Angela Elizabeth Hannah Sophie Margaret "
    "Jennifer Alison Gemma Katherine Stephanie Natalie Donna Catherine Jacqueline Christine Mary Emily Lucy Kate "
    "Chloe Danielle Leanne Kerry Dawn Anna Kirsty Hayley Zoe Lorraine Patricia Linda Carol Tracy Diane Paula Anne "
    "Lindsey Melanie Jade Georgia Abigail Bethany Megan Holly Ellie Olivia Stacey Cheryl Maria Wendy Sandra Caroline "
    "Janet Debra Heather Jodie Carly Katie Vicky Naomi Alice Molly Rosie Eleanor Grace Paige Shannon Kayleigh Toni "
    "Marie Fiona Beverley Gillian Maxine Teresa Andrea Suzanne Yvonne Barbara Ann Jean Maureen Sheila Pauline Joan "
    "Dorothy Joyce Sylvia Valerie Brenda Gail Lesley Rita Doreen Marion Kathleen Irene Hazel Rosemary June Beth Amber "
    "Jasmine Ruby Poppy Freya Tara Tina Annette Denise Elaine Marilyn Rhiannon Keeley Chantelle Gabrielle Frances "
    "Josephine Ruth Judith Clare Penelope Rosalind Bridget Veronica Antonia Alexandra Natasha Tamsin Harriet"
).split()
_ENGLISH_SURNAMES = (
    "Smith Jones Williams Taylor Brown Davies Evans Thomas Wilson Johnson Roberts Robinson Thompson Wright White "
    "Edwards Walker Hughes Green Harris Hall Lewis Clarke Jackson Wood Martin Turner Cooper Hill Ward Moore "
    "Morris Clark King Harrison Lee Baker Allen James Morgan Phillips Scott Parker Price Davis Watson Griffiths "
    "Kelly Mitchell Young Bennett Bailey Collins Cook Richardson Carter Shaw Bell Murphy Richards Marshall Cox "
    "Miller Wilkinson Anderson Foster Adams Ellis Simpson Webb Chapman Rogers Powell Mason Gray Hunt Lloyd Barnes "
    "Mills Owen Palmer Matthews Knight Butler Holmes Campbell Harvey Stevens Dixon Fletcher Fisher Jenkins Graham "
    "Russell Pearson Barker Murray Payne Day Howard Ford Gibson Walsh Saunders Reynolds Pearce Fox Brooks Elliott "
    "West Lawrence Andrews Stewart Spencer O'Brien Ryan Rose Burton Dawson Booth Cole Atkinson Gill Bradley Perry "
    "Watts Ball Holland Rees Francis Hayes Barrett Robertson Webster Newton Stone Parsons Oliver Lowe Dunn "
    "Armstrong Grant Woods Hart Berry Riley Hunter Newman Reid Reed Marsh Porter Carr Hawkins Gregory Hudson "
    "Harding Wells Page Harper Burgess Long Hamilton Hopkins Nicholson Dean O'Neill Lane Kennedy Coleman "
    "Williamson Gardner Bates O'Connor Bird Burns Hodgson Ross Shepherd McCarthy Byrne Nicholls Bishop Henderson "
    "Freeman Parry Walton Yates Moss Warren Sutton Cooke McDonald Cross Curtis Robson Chambers Watkins Jennings "
    "Higgins Barnett George Hammond Tucker Cunningham Hardy Blake Davidson Nash Clayton Gallagher Quinn Pritchard "
    "Barber Doyle Jordan Stokes Gordon Kemp Stephens Potter Goodwin Holt Gilbert Frost Stevenson Miles Rowe "
    "Stephenson Buckley Bond Sullivan Whitehead Osborne Thomson Willis Lambert Lynch Slater Walters Read Griffin "
    "Greenwood Nelson Mann Sharp Burke Barton Baxter Wallace Wheeler Hutchinson Poole Johnston Austin Woodward "
    "Hewitt May Arnold Savage Rhodes Hancock Fowler Bentley Hartley Tomlinson Townsend Ferguson Reeves Barlow "
    "Short Archer Glover Warner Baldwin Daniels Macdonald Kirk Dale Sanders Wilkins Burrows Fraser Wade Jarvis "
    "Farrell Skinner Birch Kay Lucas Thorpe Lawson Howell Dobson Brennan Morton Abbott Kirby Atkins Brookes "
    "Stanley Haynes Dodd Middleton Lamb Black Dickinson Simmons Alexander Carroll Davison Douglas Field Pugh "
    "Patterson Morley Heath O'Sullivan Weston Norris Whittaker Kent Ashton French Duffy Humphreys Bradshaw Gibbs "
    "John Morrison Flynn Parkinson Todd Waters Knowles Goddard Peters Briggs Hicks Banks Davey Perkins Vaughan "
    "Thornton Cartwright Little Fuller Holden Smart Bull Bryant Wong Norman Bowen Bartlett Howe Wall Preston "
    "Hayward Schofield Winter Metcalfe Potts Boyle Howells Sims Manning Collier Holloway Farmer Rice Bruce Wallis "
    "Hooper Whitehouse Lees Browne Connor Daly Bray Wyatt Gould Dyer Bryan Pope Steele Marsden Humphries Lord "
    "Noble Carpenter Chamberlain Henry Sharpe Parkes Herbert Sinclair McLean Storey Turnbull Duncan Sheppard "
    "Butcher Fry Godfrey Ingram Nixon Hargreaves Chan Connolly Charlton Hyde Owens Leach North Gibbons Rowley "
    "Hanson Bolton Craig Allan Sanderson Pickering Sykes Crawford Parkin Power Hale Kerr Pollard Dennis Joyce "
    "Barry Carey Naylor Randall Bevan Doherty Swift Tyler Mellor Talbot Blackburn Hurst Houghton Mistry Donnelly "
    "Horton Benson Vincent Conway Faulkner Garner Chandler Hope Pratt Rahman Myers Peacock Hilton Moran Welch "
    "Clements O'Donnell Hobbs Leonard McKenzie Fitzgerald Coles Forster Gough Law Summers Finch Norton Brady "
    "Cameron Gardiner Lyons Franklin Chadwick Howarth Giles Nolan Coates Fleming "
).split()
_WELSH_MEN = (
    "David Gareth Rhys Huw Dafydd Ieuan Owain Aled Dylan Gethin Emyr Iwan Geraint Hywel Ifan Llyr Ceri Evan Bryn "
    "Glyn Osian Sion Tomos Steffan Iestyn Alun Emlyn Gwilym Trystan Carwyn Morgan Andrew Mark Paul John Robert"
).split()
_WELSH_WOMEN = (
    "Sian Rhian Bethan Cerys Carys Ffion Megan Nia Catrin Angharad Lowri Eleri Rhiannon Gwen Anwen Bronwen Sioned "
    "Elin Mari Non Heledd Delyth Myfanwy Nerys Glenys Menna Eluned Mair Sarah Emma Claire Donna Kelly"
).split()
_WELSH_SURNAMES = (
    "Jones Davies Williams Evans Thomas Roberts Lewis Hughes Morgan Griffiths Edwards Owen James Rees Jenkins Price "
    "Morris Richards Lloyd Phillips Parry Powell Harris Howells Pritchard Bowen Watkins Ellis Hopkins Llewellyn "
    "Pugh Vaughan Rowlands Prosser Beynon Meredith Humphreys Probert Bevan Gittins Cadwallader Penry"
).split()
_SCOTTISH_MEN = (
    "James John David William Robert Andrew Ian Alan Scott Craig Alexander Stuart Graeme Gordon Kenneth Iain Colin "
    "Douglas Ross Fraser Cameron Callum Ewan Euan Angus Hamish Alasdair Malcolm Duncan Bruce Rory Fergus Lachlan "
    "Kenny Gregor Murdo Finlay Hugh Archibald Neil Donald Blair Grant Keith Campbell"
).split()
_SCOTTISH_WOMEN = (
    "Margaret Fiona Karen Elaine Lorna Morag Kirsty Eilidh Isla Mhairi Catriona Shona Isobel Moira Sheena Ailsa "
    "Heather Lynn Lesley Gillian Pamela Alison Jean Agnes Elspeth Ishbel Rhona Iona Kirsteen Aileen Laura Nicola "
    "Michelle Claire Angela Susan Emma Amy Jacqueline Rona Mairi Senga Una"
).split()
_SCOTTISH_SURNAMES = (
    "Smith Brown Wilson Robertson Thomson Campbell Stewart Anderson Macdonald Scott Murray Reid Clark Taylor Ross "
    "Young Mitchell Watson Paterson Morrison Fraser Davidson Gray McDonald Henderson Johnston Hamilton Graham Kerr "
    "Simpson Martin Ferguson Cameron Duncan Hunter Kelly Bell Grant MacKenzie Mackay Allan Black MacLeod McLean "
    "Russell Gibson Wallace Gordon Marshall Stevenson Wood Craig Sutherland McKenzie Kennedy Burns Milne Sinclair "
    "McMillan McIntosh Ritchie Docherty Rennie Drummond Crawford Mcgregor Munro Muir Lindsay Mclaren Cunningham "
    "Buchanan Forbes Urquhart Abercrombie Farquharson Colquhoun Geddes Leitch"
).split()
_IRISH_MEN = (
    "John Michael Patrick James Sean Brian Kevin Liam Declan Conor Padraig Eoin Ciaran Brendan Niall Cormac Dermot "
    "Eamon Donal Fergal Colm Aidan Seamus Fintan Diarmuid Cathal Ronan Oisin Rory Tadhg Gerard Noel Barry Thomas "
    "Martin Desmond Finbar Malachy Lorcan Enda"
).split()
_IRISH_WOMEN = (
    "Mary Siobhan Aoife Niamh Sinead Orla Ciara Deirdre Grainne Roisin Maeve Bridget Eileen Noreen Aisling Una "
    "Caoimhe Fionnuala Mairead Nuala Kathleen Breda Assumpta Bernadette Geraldine Philomena Colette Attracta Emer "
    "Eimear Clodagh Saoirse Dervla Majella"
).split()
_IRISH_SURNAMES = (
    "Murphy Kelly O'Sullivan Walsh O'Brien Byrne Ryan O'Connor O'Neill O'Reilly Doyle McCarthy Gallagher Doherty "
    "Kennedy Lynch Murray Quinn Moore McLoughlin O'Carroll Connolly Daly O'Connell Wilson Dunne Brennan Burke Collins "
    "Campbell Clarke Johnston Hughes O'Farrell Fitzgerald Brown Martin Maguire Nolan Flynn Thompson O'Callaghan "
    "O'Donnell Duffy O'Mahony Boyle Healy O'Shea White Sweeney Hayes Kavanagh Power McGrath Moran Brady Stewart Casey "
    "Foley Fitzpatrick O'Leary McDonnell McMahon Donnelly Regan Donovan Burns Flanagan Mullan Barry Kane Robinson "
    "Cunningham Griffin Kenny Sheehan Ward Whelan Lyons Reid Graham Higgins Cullen Keane King Maher McKenna Bell "
    "Scott Hogan O'Keeffe Magee McNamara McDonald McDermott Moloney O'Rourke Buckley O'Dwyer Tierney Geraghty Hanrahan"
).split()
_MUSLIM_MEN = (
    "Mohammed Ahmed Ali Imran Mohammad Hassan Omar Usman Bilal Kashif Asif Tariq Adeel Nadeem Shahid Zahid Khalid "
    "Rashid Amir Hamza Yusuf Ibrahim Waqas Faisal Kamran Rizwan Irfan Naveed Sajid Shabir Javed Arshad Nasir Abdul "
    "Saleem Tahir Zeeshan Haroon Junaid Salman Farhan Wasim Yasir Ismail Mustafa Idris Abdullah Qasim Atif Shoaib "
    "Iftikhar Pervez Aftab Ghulam Shafiq Rafiq Habib Jamal Kabir Mizanur Shahin Ruhul Rubel Sohel Anwar Mahbub Nurul"
).split()
_MUSLIM_WOMEN = (
    "Fatima Aisha Shabana Nasreen Rukhsana Saima Samina Shazia Farzana Nazia Sadia Rubina Zainab Maryam Amina Khadija "
    "Yasmin Parveen Shaheen Nadia Uzma Robina Tahira Razia Sumaira Hina Sana Iqra Aneesa Halima Safia Zara Noreen "
    "Bushra Fozia Ghazala Asma Rabia Shamim Nusrat Kulsum Rahima Jamila Salma Sultana Rina Shirin Ruksana Momtaz "
    "Hasina Lipi Shahnaz Kausar Tasleem Mehwish"
).split()
_MUSLIM_SURNAMES = (
    "Khan Hussain Ahmed Ali Begum Akhtar Shah Mahmood Iqbal Bibi Miah Malik Rahman Uddin Hussein Islam Mohammed "
    "Chowdhury Sheikh Rashid Aslam Mirza Choudhury Qureshi Ahmad Bashir Sadiq Rafiq Aziz Yousaf Anwar Saleem Hanif "
    "Siddique Butt Raza Abbas Hassan Hamid Ashraf Nawaz Latif Alam Haque Hoque Kausar Khatun Khanom Majid Bhatti "
    "Zaman Younis Sharif Ditta Sarwar Akram Chaudhry Ullah Farooq Arif Kazmi Gondal Dar Tariq Afzal"
).split()
_SIKH_MEN = (
    "Gurpreet Harpreet Manjit Balbir Jaswinder Sukhdev Ranjit Harjit Amarjit Kulwinder Parminder Gurdeep Manpreet "
    "Jagdeep Satnam Baldev Surinder Rajinder Amandeep Sandeep Hardeep Kuldeep Mandeep Jaspal Gurmit Davinder Inderjit "
    "Lakhbir Pardeep Tejinder Navdeep Avtar Mohinder"
).split()
_SIKH_WOMEN = (
    "Harpreet Manjit Jaswinder Balwinder Kulwinder Parminder Gurpreet Manpreet Surinder Rajinder Amandeep Sandeep "
    "Hardeep Kuldeep Mandeep Jaspreet Simran Kiran Navneet Satwinder Sukhwinder Paramjit Amrit Jasvir Ravinder "
    "Gurinder Baljit Narinder Kamaljit Rupinder Harleen Davinder"
).split()
_SIKH_SURNAMES = (
    "Singh Kaur Gill Dhillon Sandhu Sidhu Grewal Dhaliwal Johal Bains Atwal Sahota Uppal Mann Virk Chahal Randhawa "
    "Purewal Basra Rai Kang Cheema Hayer Sangha Dosanjh Khaira Bassi Nijjar Hothi Samra"
).split()
_HINDU_MEN = (
    "Raj Sanjay Rajesh Amit Vijay Anil Sunil Dinesh Nilesh Ashok Suresh Mahesh Hitesh Kishan Vikram Rahul Nikhil "
    "Deepak Pradeep Ravi Ramesh Mukesh Bharat Jayesh Manish Rakesh Kiran Paresh Arun Mohan Prakash Chirag Dhiren "
    "Ketan Krishna Hemant Bhavesh Pankaj Sachin Vishal"
).split()
_HINDU_WOMEN = (
    "Priya Anita Sunita Meena Nisha Pooja Anjali Rekha Geeta Kavita Neha Sonal Hina Bhavna Jyoti Shilpa Deepa Usha "
    "Asha Lata Meera Nita Ranjan Sangita Daxa Varsha Hansa Kalpana Smita Urmila Trupti Heena Payal Swati Archana"
).split()
_HINDU_SURNAMES = (
    "Patel Shah Sharma Kumar Mistry Desai Joshi Mehta Chauhan Solanki Parmar Gupta Verma Rao Nair Reddy Iyer "
    "Chatterjee Banerjee Mukherjee Das Thakrar Lakhani Gohil Rathod Vaghela Pandya Trivedi Bhatt Dave Amin Modi "
    "Raval Kapoor Malhotra Chopra Bhardwaj Agarwal Perera Fernando Silva Naidu Pillai Menon Ghosh"
).split()
_POLISH_MEN = (
    "Piotr Krzysztof Andrzej Tomasz Pawel Marcin Michal Grzegorz Marek Jakub Lukasz Adam Mateusz Wojciech Kamil "
    "Dariusz Mariusz Rafal Robert Zbigniew Jerzy Przemyslaw Dawid Maciej Jaroslaw Slawomir Artur Bartosz Sebastian "
    "Karol Arkadiusz Radoslaw Damian Patryk Daniel Szymon Kacper Stanislaw Jan Jacek Janusz Henryk Ryszard Leszek "
    "Miroslaw Waldemar Bartlomiej Konrad Hubert Norbert Andrei Ion Vasile Mihai Florin Cristian Gheorghe Oleksandr "
    "Mykola Serhiy Volodymyr Andriy Vitaliy Tomas Mindaugas Darius Viktor Igor"
).split()
_POLISH_WOMEN = (
    "Anna Katarzyna Malgorzata Agnieszka Barbara Ewa Magdalena Elzbieta Joanna Aleksandra Monika Zofia Natalia "
    "Justyna Dorota Karolina Beata Iwona Renata Sylwia Marta Paulina Patrycja Weronika Izabela Kinga Kamila Dominika "
    "Aneta Ewelina Edyta Danuta Halina Grazyna Jolanta Marzena Emilia Julia Klaudia Oliwia Wiktoria Maria Elena Ioana "
    "Mihaela Andreea Cristina Olena Oksana Nataliya Iryna Tetiana Svitlana Yuliia Kristina Rasa Daiva"
).split()
_POLISH_SURNAMES = (
    "Nowak Kowalski Wisniewski Wojcik Kowalczyk Kaminski Lewandowski Zielinski Szymanski Wozniak Dabrowski Kozlowski "
    "Jankowski Mazur Wojciechowski Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski Zajac Pawlowski Michalski Krol "
    "Wieczorek Jablonski Wrobel Nowakowski Majewski Olszewski Stepien Malinowski Jaworski Adamczyk Dudek Nowicki "
    "Pawlak Gorski Witkowski Walczak Sikora Baran Rutkowski Michalak Szewczyk Ostrowski Tomaszewski Pietrzak "
    "Zalewski Wroblewski Marciniak Jasinski Zawadzki Bak Jakubowski Sadowski Duda Wlodarczyk Wilk Chmielewski "
    "Borkowski Sokolowski Szczepanski Sawicki Kucharski Lis Maciejewski Popescu Ionescu Popa Radu Dumitru Stan Rusu "
    "Kovalenko Shevchenko Bondarenko Tkachenko Kravchenko Melnyk Petrov Ivanov Kazlauskas Petrauskas Horvath Novak"
).split()
_AFRICAN_MEN = (
    "Emmanuel Samuel Daniel David Michael Kwame Kofi Kwesi Chidi Emeka Oluwaseun Femi Tunde Segun Ade Babatunde "
    "Ikechukwu Obinna Chukwuemeka Abdi Mohamed Abdirahman Hassan Ahmed Yusuf Tendai Farai Tafadzwa Blessing Joseph "
    "Ibrahim Musa Lamin Ousman Alieu Moses Elijah Isaac Solomon Winston Leroy Delroy Errol Desmond Clive Jermaine "
    "Tyrone Marlon Dwayne Lloyd Junior Nathaniel Jerome Theo Romario Andre Kelvin Collins Godfrey Innocent"
).split()
_AFRICAN_WOMEN = (
    "Grace Blessing Mercy Faith Esther Ruth Comfort Abena Akosua Adwoa Yaa Ama Ngozi Chioma Amaka Ifeoma Funmilayo "
    "Temitope Yetunde Folake Bukola Fatou Aminata Mariama Hodan Fadumo Amina Halima Hawa Sahra Rudo Chipo Tsitsi "
    "Nyasha Precious Patience Charity Gloria Beatrice Florence Victoria Elizabeth Marcia Sonia Beverley Yvonne "
    "Jacqueline Sharon Shanice Keisha Tanisha Simone Chantel Ebony Latoya Monique Dionne"
).split()
_AFRICAN_SURNAMES = (
    "Mensah Owusu Williams Osei Boateng Brown Johnson Campbell Appiah Asante Okafor Adeyemi Okonkwo Eze Nwosu Obi "
    "Adebayo Ogunleye Bello Lawal Balogun Mohamed Ali Hassan Ahmed Abdi Warsame Hussein Farah Osman Jama Omar Ibrahim "
    "Moyo Ncube Dube Sibanda Ndlovu Kamara Sesay Conteh Koroma Jallow Ceesay Diallo Bah Mwangi Otieno Kamau Ochieng "
    "Addo Agyemang Sarpong Acheampong Amoah Francis Thomas Charles Joseph Henry Gordon Grant Reid Morgan Clarke "
    "Thompson Bailey Lewis Powell Wright Edwards Okoro Chukwu Igwe Onyeka Adeleke Akinola Oyelaran Fashola Danjuma "
    "Tesfaye Bekele Haile Abebe Ghebremedhin Kiflu Mutasa Chikwanha Banda Phiri Tembo Zulu Nkosi"
).split()
_ARAB_MEN = (
    "Mohammad Ahmad Ali Hussein Omar Mahmoud Khaled Karim Hamid Reza Saeed Abbas Mustafa Ibrahim Youssef Bashar "
    "Samir Nabil Walid Amin Farid Jalal Najib Zia Hamed Rahim Sami Azad Dilshad Kawa Rebwar Hiwa Mehmet Mustafa "
    "Hakan Emre Murat Kemal Serkan Ozan Tewodros Karwan"
).split()
_ARAB_WOMEN = (
    "Fatemeh Maryam Zahra Layla Noor Hanan Rana Rasha Samira Amal Huda Nour Shirin Parisa Leila Nasrin Zainab Sara "
    "Aisha Mona Iman Dina Ayse Fatma Emine Elif Zeynep Hatice Merve Shilan Narin Rojin Shler Soraya Farida Najiba"
).split()
_ARAB_SURNAMES = (
    "Ahmadi Mohammadi Hosseini Ahmed Hassan Hussein Ibrahim Ali Rahimi Karimi Mahmoud Khalil Yilmaz Kaya Demir Celik "
    "Sahin Ozturk Aydin Arslan Haddad Mansour Saleh Nasser Amiri Noori Sultani Rezaei Jafari Moradi Azizi Salih Rashid "
    "Aziz Kareem Omar Abdullah Najjar Khoury Darwish Qasim Sharif Hakimi Wardak Stanikzai Barzani Jaff"
).split()

_HALVES = (
    "Alder Amble Apple Ash Ather Bar Bed Bel Birch Black Brad Bram Bright Brock Burn Cal Carl Chad Chal Clay Clif Cole "
    "Con Copper Cors Cran Crow Cud Dal Deep Den Dew Dray Dun East Edge Ell Elm Ever Fair Farn Fen Fern Fox Gar Glad "
    "Gold Graf Gran Green Grim Had Hal Ham Hard Harl Hart Has Hather Haw Hazel Hep Hol Hor Hux Ing Kel Kimber Kings "
    "Lang Lath Led Lin Lock Long Lud Mal Marl Mel Mid Mill Moor Nor Oak Ol Ot Pem Pen Pick Quar Rad Rams Raw Red Ridge "
    "Rock Roth Rush Ruther Sand Scar Sel Shal Shel Shut Sil Snel Sop South Stan Stave Stoke Stone Strat Sut Swin Tat "
    "Thorn Thurl Tils Tor Twee Under Wad Wake Wal War Water Wed Well Wen West Whar Whit Wil Win Wool Wood Wor Wrex Yar"
).split()
_ENDS = (
    "bank bourne bridge brook burn bury by cliffe combe cott croft dale den ditch field ford gate grave ham hill holme "
    "hurst land lake leigh ley low man mere more ness ridge shaw son stead sley ster stock thorpe ton tree wall well "
    "wick wood worth"
).split()
#: The two thirds of English surnames that are each rare; like the real ones, mostly of places.
TOWNS = tuple(first + end for first in _HALVES for end in _ENDS if first[-1] != end[0])


def _lists(*lists: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(each) for each in lists)


COMMUNITIES = (
    Community(0.60, *_lists(_ENGLISH_MEN, _ENGLISH_WOMEN, _ENGLISH_SURNAMES), 12, 0.0115, 0.55, "towns"),
    Community(0.05, *_lists(_WELSH_MEN, _WELSH_WOMEN, _WELSH_SURNAMES), 9, 0.11, 0.75, "english"),
    Community(0.06, *_lists(_SCOTTISH_MEN, _SCOTTISH_WOMEN, _SCOTTISH_SURNAMES), 9, 0.013, 0.45, "english"),
    Community(0.04, *_lists(_IRISH_MEN, _IRISH_WOMEN, _IRISH_SURNAMES), 9, 0.02, 0.5, "english"),
    Community(0.09, *_lists(_MUSLIM_MEN, _MUSLIM_WOMEN, _MUSLIM_SURNAMES), 5, 0.09, 0.75, ""),
    Community(0.02, *_lists(_SIKH_MEN, _SIKH_WOMEN, _SIKH_SURNAMES), 12, 0.30, 1.1, ""),
    Community(0.02, *_lists(_HINDU_MEN, _HINDU_WOMEN, _HINDU_SURNAMES), 12, 0.20, 0.95, ""),
    Community(0.05, *_lists(_POLISH_MEN, _POLISH_WOMEN, _POLISH_SURNAMES), 10, 0.02, 0.4, ""),
    Community(0.05, *_lists(_AFRICAN_MEN, _AFRICAN_WOMEN, _AFRICAN_SURNAMES), 12, 0.03, 0.45, ""),
    Community(0.02, *_lists(_ARAB_MEN, _ARAB_WOMEN, _ARAB_SURNAMES), 8, 0.06, 0.6, ""),
)
ENGLISH_SURNAMES = tuple(_ENGLISH_SURNAMES)
