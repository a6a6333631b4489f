"""Names that people use for each other's: short forms, pet names and spellings of one name across languages.

Each line is one group, its first word the one that stands for it. A word may be in several groups ("Chris"). Written as
`matching.normalise` leaves words: lower case, no accents, no apostrophes. What is here decides who may be the same
person, so a form too many costs a lead one look, and a form too few may cost a woman her safety.
"""

from __future__ import annotations

from functools import lru_cache

_TABLE = """
aaron ron ronnie arron aron haroon harun
abdul abdal abdel abdullah abdallah abdalla abdulla abdu
abigail abi abbie abby gail
abraham abe bram ibrahim ebrahim ibraheem ibi avraham
adam addy ads adham
adeel adil adeeb
agnes agnieszka aggie aga nessie
ahmed ahmad ahmet achmed ahmadi
aidan aiden aedan ayden adan
aisha ayesha aysha aishah ayisha aicha
aleksander alexander alex alec alek sandy xander zander sasha olek aleksandr alejandro alessandro lex al oleksandr
alexandra alex sandra sandy aleksandra ola sasha lexi alexa oleksandra
alan allan allen al alun alain
albert al bert bertie
alfred alf alfie fred al
alice ali alicia alicja alys
alison ali allison alyson
alistair alasdair alastair alister ali al
ali aly alli
amanda mandy manda
amelia amy millie milly emilia
amina aminah ameena aminata
amir ameer emir
andrew andy drew andi andrzej andre andreas andrei andrij andriy jedrek
angela angie ange angelika
angus gus aonghas
ann anne anna annie nan nancy hannah hanna ania anya ana anita anka
anthony tony ant toni anton antoni antek anto antony antonio
archibald archie archy
arthur art artie artur
asif aasif
barbara barb babs basia barbie
barry baz bazza barrie baza
bartholomew bart barth bartlomiej bartek bartosz
beatrice bea trixie bee beata
benjamin ben benny benji benj
bernard bernie bern
bilal bilaal billal
bogdan bohdan boguslaw
bradley brad
bridget bridie biddy bryd bridgid brigid bride brigida
brian bryan bri bryn
bronislaw bronek
bruce brucie
callum calum colm malcolm cal
cameron cam camron
carl karl karol charlie
caroline carol carolyn carrie caz lyn karolina karen
catherine katherine kathryn kathleen cath cathy kath kathy kate katie katy kat kit kitty katarzyna kasia catrin cait
catherine caitlin catriona kathrin katrina ekaterina kateryna cat catharine katharine kaz caz kayleigh
charles charlie chas chuck chaz karol charley
charlotte charlie lottie lotte char chaz charley
chloe clo khloe
christian chris kris krystian cristian kristian
christine christina chris chrissie tina krystyna kristina kirsty kirsten kirstie crissy kristine
christopher chris kris kit topher christy krzysztof krzysiek kristopher cristopher
ciaran kieran keiran kieron kiaran
claire clare clair klara clara
clifford cliff
colin col collin
connor conor con conner konnor
craig craigy
cyril cy
dafydd david dai dave davey davy taffy dawid daud dawood daoud davie dav davit dewi
daniel dan danny dani danyl danylo daniyal deiniol danielek
danielle dani danny
dariusz darek darius dario
darren daz dazza darran darryl daren darin
dawn dawny
deborah deb debbie debs debra
declan dec deklan
dennis den denny denis denys
derek del derrick deryck dez derick
desmond des dez desi
dean deano deen
dilip dileep
dmitri dmytro dima dimitri dmitry
dominic dom dominik nic dominick
donald don donny donnie
donna don
dorothy dot dottie dorota dolly dora
douglas doug dougie dougal
duncan dunc
dylan dyl dillon dilan
edward ed eddie eddy ted teddy ned edek eduard edwards
edmund ed eddie ted edmond
edwin ed eddie
elaine lainey elayne
eleanor ellie ella nell nellie elle elinor eleonora lena elena helen
elizabeth liz lizzie beth betty bess betsy eliza elsie lisa libby elspeth elzbieta ela lizzy elisabeth
emily em emmy emilia millie
emma em emmie ema
eric rick rik erik erek
ernest ernie ern
eugene gene evgeny yevhen
evan ewan euan iwan ieuan ifan evans owen ewen
faisal faysal feisal
farah farrah
farhan farhaan
fatima fatimah fatema fatma fatemeh fatoumata fatou
fiona fi fee
florence flo florrie flossie
frances fran frankie franny franciszka
francis frank frankie fran franciszek franek franco
frederick fred freddie freddy fredrick fryderyk frederic rick
gareth gaz gary garry gazza garth gaza
gary garry gaz gazza garth gareth
gavin gav gaven gawain
gemma gem jemma
geoffrey geoff jeff jeffrey jeffery geoffry
george georgie geordie jerzy jorge sior jurek georgios yuri jiri
georgina georgie gina georgia
gerald gerry jerry ged ger gerard
gerard gerry ged jerry ger gerald gerrard
gertrude gert gertie trudy
gethin geth
gillian gill jill gilly jilly jillian
giles gilly
glenn glen glyn glynn
gordon gordy gord
grace gracie grazyna
graham graeme gray grahame
gregory greg gregg gregor grzegorz grzesiek grigor
guy gui
gwendoline gwen gwendolen gwenda gwenllian
hamza hamzah hamsa
harold harry hal
harpreet harry preet
hassan hasan hassaan hasaan hasnain
helen nell helena ellen elen lena halina olena nellie
henry harry hal hank henryk heniek harri henri
hubert bert hugh
hugh hughie huw hugo huey shug
hussain hussein husain hossain hussayn hosein hussien
ian iain ean
imran emran imraan
irene rene irena iryna irina
isaac zac zack ike ishaq ishaaq izaak izak isac
isabel isabella izzy bella belle isobel izabela iza isobelle isla ishbel
ishmael ismail ismael ismaeel esmail
ivan iwan vanya john
jacek jack jacenty
jacob jake jakub kuba jack yaqub yakub jakob yacoub jacub yaqoob
jacqueline jackie jacqui jacky jaqueline
james jim jimmy jamie jem jimbo hamish seamus jaime shay jay
jan john ian jaska janek janusz
jane janie janet jayne jan jean janey janina joanna sian
janet jan jane
jared jarrod jarred
jaroslaw jarek yaroslav
jasmine jas jaz yasmin yasmine yasmeen jasmin
jason jay jase jace jayson
jaswinder jas jassi jaz
jatinder jat
jennifer jen jenny jenni jenna jenn jennie
jeremy jerry jez jem jeremiah
jerome jerry hieronim
jessica jess jessie jesse
joan joanie joanna jo
joanne jo joanna joann joanie asia joasia johanna joan jojo
jodie jody jodi judith
john jack johnny jon jonny johnnie ian sean ivan ioan juan jan evan shane jhon
jonathan jon jonny jonathon jonty john
jordan jordy jordon
joseph joe joey jozef jo yusuf youssef yousef yusef yousuf yosef jose josef jos
josephine jo josie fina jozefa
joshua josh joss yusha
joyce joy
julia julie jules
julian jules jools julius
julie jules julia jools
justin jus
kamil kam camil kamal
kamran kam
karen kaz caz kazza karin karina
karolina karo karol
kayleigh kay kayley kaylee kaleigh
kazimierz kazik kaz
keith keef
kelly kel kelley kellie
kenneth ken kenny kenney
kerry kez kerri
kevin kev kevan kevyn
khalid khaled kalid
kimberley kim kimberly kimmy
kirsty kirsten kirstie kirstin
krzysztof krzys krzysiek chris
kuldeep kul
kulwinder kul
kyle ky
laura lauren lauri lora laurie
lauren loren lorna laura
laurence larry laurie lawrence loz lawrie lars wawrzyniec
lee leigh lea li
leonard len lenny leo leon lennie
leslie les lesley lez
leszek lech les
lewis lew louis louie luis lou ludwik lewys
liam lee william
lillian lily lil lilly lilian
linda lyn lin lindy lynda
lisa elizabeth leesa liza
lloyd floyd llwyd
louise lou lulu louisa luiza
lucas luke luca lukas lukasz luka lukasek
lucy lou lucinda luce lucia luiza
luke luca lucas lukasz luc
lynn lyn lynne lin lynda linda
maciej maciek matthew
magdalena magda lena magdalene madeleine
malcolm mal malc callum
malgorzata gosia margaret malgosia
mandeep mandy mandip
manjit manj manjeet
marcin martin
marcus mark marc markus marek
margaret maggie meg peggy marge margie mags mairead madge greta rita daisy megan peg malgorzata margot marged
maria mary marie marysia maryam mariam miriam mariya mia
marian mary marion marianne maryanne
marilyn lyn mary
mariusz marek
mark marc marek marko markus marcus
martha marta mattie
martin marty mart marcin martyn
mary molly polly may mamie marie maria maire mairi mariam maryam moira maura mari
matthew matt matty mateusz mattie mathew mat maciej matej matteo matthias
maureen mo mora moreen
maurice mo moe morris morrie maury
maxwell max maxim maximilian maks maksymilian maxine
megan meg meghan megs
melanie mel melly
melissa mel missy lissa
mervyn merv mervin
michael mick mike mickey mikey micky michal mikhail micheal misha miguel mihai mychajlo mykhailo meical mitchell
michelle shell chelle shelly mich michele
mieczyslaw mietek
miles myles milo
miroslaw mirek
mohammed muhammad mohamed mohammad muhammed mohamad mo md mohd moh muhamed mehmet mohamud muhamad mahomed moe mahamed
mohammed mohammod mahammad mhmd
molly mary moll
monica mon monika
morgan mo morgs
mustafa mostafa mustapha moustafa musti
nadia nadya nadiya
nadeem nadim
naomi nay naomie
nasir naser nasser
natalie nat natalia natalka natasha
natasha tash tasha nat natalia
nathan nate nat nath nathaniel
naveed navid nawid
neil neal niall nial nigel
niamh neve
nicholas nick nicky nik nico mikolaj niko colin nicolas nikolai mykola nicol miko
nicola nicky nikki nic nicole nikola
nigel nige
noel noelle
noor nur nour noora
norman norm
oleg oleh
oliver ollie olly oli olivier
olivia liv livvy ollie
omar umar omer umer
oscar oskar
osman usman uthman othman usmaan
owen owain eoin ewan ow
parminder pam parm
pamela pam pammy
patricia pat patsy tricia trish paddy patti trisha patrycja
patrick pat paddy patryk rick padraig padraic patsy ric
paul pauly pawel paulie pablo pavel pol pavlo paulo
paula pauline polly
pauline paula polly
pawel paul
penelope penny pen
peter pete piotr piotrek petro pedro peadar pierre pyotr petr petey
philip phil pip phill phillip filip flip
philippa pip pippa pippy
piotr peter piotrus
przemyslaw przemek
rachel rach rae raquel rachael
rafal raf raphael rafael
rahim raheem
rajesh raj rajiv
rajinder raj rajvinder
ranjit ran ranjeet
rashid rasheed
raymond ray rayn
rebecca becky becca bex beckie rebekah reba
reece rhys rees reese rhisiart
reginald reg reggie
rhiannon rhi
richard rick dick rich richie ricky rik ryszard rysiek dickie ricardo
robert rob bob bobby robbie rab rabbie bert robin robyn bobbie roberto rupert raab
rodney rod roddy
roderick rod roddy rory rhodri
roger rog rodge rodger
roland rolly roly rowland
ronald ron ronnie ronny
rose rosie rosa rosemary roz
rosemary rose rosie romy
rory ruairi ruairidh ruaridh roderick
rosalind roz ros rosie
roxanne rox roxy
roy royston
russell russ rusty russel
ruth ruthie rut
ryan ry rhyan
ryszard rysiek richard
saeed said sayeed syed sayed saeid
sabrina bri
salim saleem selim
sally sal sara
samantha sam sammy sammie
samuel sam sammy samir samual shmuel
sandeep sandy sandip
sandra sandy san sandie
sarah sara sal sally saz sadie sarah-jane zara
satnam sat
scott scotty scot
sean shaun shawn sion john shane shayne
sebastian seb bas bastian
shabana shabs
shahid shaheed shaid
sharon shaz shazza shaza sharron shar
shannon shan
sheila sheilagh shelagh cecilia
shirley shirl
sidney sid sydney syd
siobhan shiv chevonne shivaun shevaun
simon si sy szymon simeon shimon
slawomir slawek
sophie sophia sofia zofia zosia soph sofie
stacey stace tracey stacy stacie
stanislaw stan staszek stanislav stasiek
stanley stan
stephanie steph stef stephie stefania
stephen steve steven steffan stevie stefan ste szczepan steph stephan stefanos
stuart stu stewart stewy stuey
sukhdeep suki sukh
sukhwinder suki sukh
surinder sur
susan sue suzie susie suzanne suzy zuzanna shoshana susanna suze
sylvia syl sylwia silvia
tadeusz tadek thaddeus
tahir taher
tamara tammy tam
tanya tania tatiana tatyana
tariq tarek tarik
terence terry tel tez terrance
teresa theresa terry tess tessa tereska treasa
thomas tom tommy tam thom tomasz tomek tomas tomos twm
timothy tim timmy tymoteusz
tobias toby tobe
tracey trace stacey tracy tracie
trevor trev
umar omar omer umer
usman osman uthman usmaan
valerie val
vanessa nessa van
veronica ronnie vera roni weronika
victor vic vik wiktor viktor
victoria vicky vic tori vick vikki wiktoria vicki viktoria
vincent vin vince vinny vinnie wincenty
violet vi
virginia ginny ginger
vladimir vlad wlodek volodymyr wlodzimierz vova
waclaw wacek
walter walt wally wat
waleed walid
waqar wakar
wayne wayn
wendy wend
wieslaw wiesiek
william will bill billy willie willy liam wil gwilym wilhelm bil wills gwil
wojciech wojtek
xavier xav javier
yasin yaseen yasir yassin yaser
younis yunus younus
yvonne von evonne ivonne
zachary zac zack zach zak zachariah zakariya zakaria
zahid zaheed
zahra zara zehra
zbigniew zbyszek
zdzislaw zdzisiek
zoe zo zoey zowie
singh sing
kaur kour core
choudhury chowdhury chaudhry chaudhary chaudry choudhry choudry chowdhry
khan kahn
begum begam begom
shaikh sheikh sheik shaik
qureshi quraishi koreshi kureshi
siddiqui siddique sidiqi siddiqi siddiquee
malik mallick malick
miah mia miya mian
rahman rehman rahmaan rahaman
hughes hugh huws
jones johns
macdonald mcdonald
macleod mcleod mccloud
nguyen nuyen
smith smyth smythe schmidt
thomson thompson tomson tompson
davies davis davys
reed reid read
clark clarke clerk
brown browne braun
phillips philips
stephens stevens
evans evens
williams willams
white whyte
green greene
lee li leigh
"""


def _read() -> dict[str, frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for line in _TABLE.strip().splitlines():
        stands_for, *others = line.replace("-", "").split()
        for word in (stands_for, *others):
            groups.setdefault(word, set()).add(stands_for)
    return {word: frozenset(found) for word, found in groups.items()}


_GROUPS = _read()


@lru_cache(maxsize=1)
def every_word() -> tuple[str, ...]:
    """Every word of the table."""
    return tuple(_GROUPS)


def groups_of(word: str) -> frozenset[str]:
    """The names that this word, spelt just so, may stand for; none when the table does not know it."""
    return _GROUPS.get(word, frozenset())
