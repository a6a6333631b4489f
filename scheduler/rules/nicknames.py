"""Names that people use for each other's: short forms, pet names and spellings of one name across languages.

Each line is one group, its first word the one that stands for it; a long group has two lines. A word may be in several
groups ("Chris"). Written as `matching.normalise` leaves words: lower case, no accents, no apostrophes. What is here
decides who may be the same person, so a form too many costs a lead one look, and a form too few may cost a woman her
safety. A name with no other form may be here too, with its spellings: then it is known to be a name of its own, and not
taken for a slip in another.
"""

from __future__ import annotations

from functools import lru_cache

_TABLE = """
aaron ron ronnie arron aron haroon harun erin
abdi cabdi abdirahman cabdiraxmaan abdirashid
abdirahman abdurahman abdulrahman abdelrahman cabdiraxmaan
abdul abdal abdel abdullah abdallah abdalla abdulla abdu
abdullahi cabdullahi abdulahi
abigail abi abbie abby gail
abraham abe bram ibrahim ebrahim ibraheem ibi avraham
abul abol
adam addy ads adham
adeel adil adeeb
adrian ade adi rian adrien
agnes agnieszka aggie aga nessie senga inez nessa
ahmed ahmad ahmet achmed ahmadi axmed achmet
aidan aiden aedan ayden adan
aileen eileen
aisha ayesha aysha aishah ayisha aicha
alan allan allen al alun alain
albert al bert bertie
aleksander alexander alex alec alek sandy xander zander sasha olek aleksandr alejandro alessandro lex al oleksandr
alexandra alex sandra sandy aleksandra ola sasha lexi alexa oleksandra
alfred alf alfie fred al
ali aly alli cali
alice ali alicia alicja alys allie
alison ali allison alyson
alistair alasdair alastair alister ali al
amanda mandy manda
amandeep aman
amardeep amar
amarjit amarjeet amar
amelia amy millie milly emilia
amina aminah ameena aminata
amir ameer emir
andrea andi drea andie
andrew andy drew andi andrzej andre andreas andrei andrij andriy jedrek
angela angie ange angelika
angharad hari angie haz
angus gus aonghas
ann anne anna annie nan nancy hannah hanna ania anya ana anita anka
annette nettie
anthony tony ant toni anton antoni antek anto antony antonio
aoife eefa eva ava
archibald archie archy
arkadiusz arek
arthur art artie artur
ashley ash ashleigh ashlee lee
asif aasif asi
avtar avi
babatunde tunde baba
balbir bal
baldev bal dev
baljit bal baljeet
balwinder bal balvinder
barbara barb babs basia barbie
barry baz bazza barrie baza
bartholomew bart barth bartlomiej bartek bartosz
beatrice bea trixie bee beata
benjamin ben benny benji benj
bernard bernie bern barney
beverley bev beverly
bilal bilaal billal
blessing bless
bogdan bohdan boguslaw
bradley brad
brian bryan bri bryn
bridget bridie biddy bryd bridgid brigid bride brigida
bronislaw bronek
bruce brucie
bushra bushrah
callum calum colm malcolm cal
cameron cam camron
carl karl karol charlie
carol cass kara
caroline carol carolyn carrie caz lyn karolina karen cassie
catherine katherine kathryn kathleen cath cathy kath kathy kate katie katy kat kit kitty katarzyna
catherine kasia catrin cait caitlin catriona kathrin katrina ekaterina kateryna cat catharine katharine kaz caz kayleigh
ceri keri kerry
chantelle chantel shantelle chanel telle shan
charles charlie chas chuck chaz karol charley
charlotte charlie lottie lotte char chaz charley
cheryl cher sheryl chez
chloe clo khloe
christian chris kris krystian cristian kristian
christine christina chris chrissie tina krystyna kristina kirsty kirsten kirstie crissy kristine
christopher chris kris kit topher christy krzysztof krzysiek kristopher cristopher
chukwuemeka emeka chuks
ciara kiera keira kiara
ciaran kieran keiran kieron kiaran
claire clare clair klara clara
clifford cliff
colin col collin
connor conor con conner konnor oconnor
cormac mac cormack
craig craigy
cyril cy
dafydd david dai dave davey davy taffy dawid daud dawood daoud davie dav davit dewi
damian damien dame damo damon
daniel dan danny dani danyl danylo daniyal deiniol danielek
danielle dani danny
danuta danusia
dariusz darek darius dario
darren daz dazza darran darryl daren darin
davinder dav davinda
dawn dawny
dean deano deen
deborah deb debbie debs debra
declan dec deklan deco
deirdre dee didi dierdre
delroy del roy
denise den denyse
dennis den denny denis denys
derek del derrick deryck dez derick
dermot diarmuid jeremiah darmuid
desmond des dez desi
diane di diana dianne dyan
diarmuid dermot
dilip dileep
dmitri dmytro dima dimitri dmitry
dominic dom dominik nic dominick
donal donald daniel
donald don donny donnie
donna don
donovan don
dorota dorotka
dorothy dot dottie dorota dolly dora
douglas doug dougie dougal
duncan dunc
dwayne duane wayne
dylan dyl dillon dilan
eamon ned eddie eamonn edmund
edmund ed eddie ted edmond
edward ed eddie eddy ted teddy ned edek eduard edwards
edwin ed eddie
eilidh ailey eily eilish ayley
elaine lainey elayne
eleanor ellie ella nell nellie elle elinor eleonora lena elena helen
elena lena helen
elijah eli lige
elizabeth liz lizzie beth betty bess betsy eliza elsie lisa libby elspeth elzbieta ela lizzy elisabeth
ellen nell nellie
emeka emmy
emily em emmy emilia millie
emma em emmie ema emily
emmanuel manny emma manu immanuel emanuel mano
eoin owen ian john
eric rick rik erik erek
erin ern
ernest ernie ern
errol rol
eugene gene evgeny yevhen
evan ewan euan iwan ieuan ifan evans owen ewen
ewa eva
faarax farah
faisal faysal feisal
farah farrah
farhan farhaan
farzana farz
fatima fatimah fatema fatma fatemeh fatoumata fatou
femi olufemi
fiona fi fee
fionnuala finola nuala fionnula
florence flo florrie flossie
folake folakemi flakky
frances fran frankie franny franciszka
francis frank frankie fran franciszek franek franco
frederick fred freddie freddy fredrick fryderyk frederic rick
funmilayo funmi
gabriel gabe gab gabi
gabrielle gabby gabi gaby ella elle
gareth gaz gary garry gazza garth gaza
gary garry gaz gazza garth gareth
gavin gav gaven gawain
gemma gem jemma
geoffrey geoff jeff jeffrey jeffery geoffry
george georgie geordie jerzy jorge sior jurek georgios yuri jiri
georgina georgie gina georgia
gerald gerry jerry ged ger gerard
geraldine gerry ger gerri dina
gerard gerry ged jerry ger gerald gerrard
gertrude gert gertie trudy
gethin geth
ghulam gulam
giles gilly
gillian gill jill gilly jilly jillian
glenn glen glyn glynn
gloria glo
godfrey goff
gordon gordy gord
grace gracie grazyna
graham graeme gray grahame
gregory greg gregg gregor grzegorz grzesiek grigor
gurdeep gurdip deep
gurinder gurvinder guri
gurmit gurmeet
gurpreet guri gary preet gurps gurprit
guy gui
gwendoline gwen gwendolen gwenda gwenllian
hamza hamzah hamsa
hardeep hardip deep harry
harjinder harj jinder
harjit harjeet harj
harold harry hal
harpreet harry preet harps
harriet hattie harri harry
hasina haseena
hassan hasan hassaan hasaan hasnain xasan hass
hayley hails haylee hailey
heather hev hetty
helen nell helena ellen elen lena halina olena nellie
henry harry hal hank henryk heniek harri henri
hina heena
howard howie howell
hubert bert hugh
hugh hughie huw hugo huey shug
hussain hussein husain hossain hussayn hosein hussien xuseen huseyin huss hosseini huseen
hywel howell howel hywell
ian iain ean
ifeoma ify ifi
ikechukwu ike ik
imran emran imraan immy imi imy immi
inderjit inder indy inderjeet
iqbal iqi eqbal
iqra ikra
irene rene irena iryna irina
isaac zac zack ike ishaq ishaaq izaak izak isac
isabel isabella izzy bella belle isobel izabela iza isobelle isla ishbel
ishmael ismail ismael ismaeel esmail
isla ayla
ivan iwan vanya john
jacek jack jacenty
jacob jake jakub kuba jack yaqub yakub jakob yacoub jacub yaqoob
jacqueline jackie jacqui jacky jaqueline
jagdeep jag jagdip
jamal jamaal
james jim jimmy jamie jem jimbo hamish seamus jaime shay jay
jamila jameela jamilah jamilla
jan john ian jaska janek janusz
jane janie janet jayne jan jean janey janina joanna sian sinead
janet jan jane
jared jarrod jarred
jaroslaw jarek yaroslav
jasmine jas jaz yasmin yasmine yasmeen jasmin
jason jay jase jace jayson
jaspreet jas jass jaspret
jasvir jas
jaswinder jas jassi jaz jasvinder jasvindar
jatinder jat
javed javid jawed javaid
jayesh jay
jennifer jen jenny jenni jenna jenn jennie
jeremy jerry jez jem jeremiah
jerome jerry hieronim
jessica jess jessie jesse
joan joanie joanna jo siobhan
joanne jo joanna joann joanie asia joasia johanna joan jojo joey
jodie jody jodi judith
john jack johnny jon jonny johnnie ian sean ivan ioan juan jan evan shane jhon eoin owen ieuan iwan
jolanta jola
jonathan jon jonny jonathon jonty john
jordan jordy jordon
joseph joe joey jozef jo yusuf youssef yousef yusef yousuf yosef jose josef jos
josephine jo josie fina jozefa
joshua josh joss yusha
joyce joy
julia julie jules
julian jules jools julius jule
julie jules julia jools
junaid junayd
justin jus
justyna justina
kamaljit kamal kamaljeet
kamil kam camil kamal
kamran kam
karen kaz caz kazza karin karina
karolina karo karol karola
kashif kash
kausar kauser kosar
kayleigh kay kayley kaylee kaleigh
kazimierz kazik kaz
keisha kiesha
keith keef
kelly kel kelley kellie
kenneth ken kenny kenney
kerry kez kerri kerrie ceri
kevin kev kevan kevyn
khadija khadijah kadija khadeeja hadija
khalid khaled kalid
kimberley kim kimberly kimmy
kinga king
kirsty kirsten kirstie kirstin
krzysztof krzys krzysiek chris kristof krystof
kuldeep kul
kuldip kuldeep
kulwinder kul kully kulvinder
kyle ky
kylie ky
lakhbir lakh
latoya toya
laura lauren lauri lora laurie loz laz
lauren loren lorna laura loz laz ren
laurence larry laurie lawrence loz lawrie lars wawrzyniec
lavinia vinny
layla leila laila leyla laylah
leah lea
leanne lee leann anne lianne
lee leigh lea li
leonard len lenny leo leon lennie
leroy roy lee
leslie les lesley lez
leszek lech les
lewis lew louis louie luis lou ludwik lewys
liam lee william
lillian lily lil lilly lilian
linda lyn lin lindy lynda linds
lindsey lindsay linz lins lynsey linsey lynsay
lisa elizabeth leesa liza
lloyd floyd llwyd
lorraine lori lorrie rain lozza loraine
louise lou lulu louisa luiza eliza
lucas luke luca lukas lukasz luka lukasek
lucy lou lucinda luce lucia luiza
lukasz lukas lucas
luke luca lucas lukasz luc
lynn lyn lynne lin lynda linda
maciej maciek matthew
maeve mave meadhbh
magdalena magda lena magdalene madeleine lenka maggie
mahbub mabub mahboob
mahmood mahmoud mehmood mahmud mehmoud maxamuud
malcolm mal malc callum mac
malgorzata gosia margaret malgosia
mandeep mandy mandip
mandip mandeep
manjit manj manjeet
manpreet manny preet mani manni
marcin martin
marcus mark marc markus marek
margaret maggie meg peggy marge margie mags mairead madge greta rita daisy megan peg malgorzata margot marged
maria mary marie marysia maryam mariam miriam mariya mia
marian mary marion marianne maryanne
marilyn lyn mary
mariusz marek
mark marc marek marko markus marcus
marlon marl
martha marta mattie
martin marty mart marcin martyn tin
mary molly polly may mamie marie maria maire mairi mariam maryam moira maura mari mae mitzi
maryam mary mariam
marzena marzenka
mateusz mati
matthew matt matty mateusz mattie mathew mat maciej matej matteo matthias
maureen mo mora moreen
maurice mo moe morris morrie maury
max maxi
maxwell max maxim maximilian maks maksymilian maxine
megan meg meghan megs
melanie mel melly
melissa mel missy lissa
mervyn merv mervin
michael mick mike mickey mikey micky michal mikhail micheal misha miguel mihai mychajlo mykhailo meical mitchell
michelle shell chelle shelly mich michele mickey mitch
mieczyslaw mietek
mihai mike michael
miles myles milo
miroslaw mirek
mizanur mizan
mohammed muhammad mohamed mohammad muhammed mohamad mo md mohd moh muhamed mehmet mohamud
mohammed muhamad mahomed moe mahamed mohammod mahammad mhmd maxamed mohamoud maxamud hammed muhamadu mamadou
mohinder mo mohindar
molly mary moll
momtaz mumtaz mumtaaz
monica mon monika
morgan mo morgs
moses mo mosi musa
mukesh mukhesh
musa moussa moses mousa
mustafa mostafa mustapha moustafa musti mus stafa
nabil nabeel
nadeem nadim naz
nadia nadya nadiya
naomi nay naomie
narinder narinda nari
nasir naser nasser
nasreen nasrin naz nas nasrine
natalie nat natalia natalka natasha
natasha tash tasha nat natalia
nathan nate nat nath nathaniel
nathaniel natty nate nat
navdeep nav navdip
naveed navid nawid
nazia naziya naz
neil neal niall nial nigel
niamh neve
nicholas nick nicky nik nico mikolaj niko colin nicolas nikolai mykola nicol miko
nicola nicky nikki nic nicole nikola
nigel nige
nikhil nik
noel noelle
noor nur nour noora
noreen nora norine
norman norm
nosheen nowsheen
nuala fionnuala nola
nurul nurool
nusrat nus
obinna obi
oisin osheen ossian ossie
oleg oleh
oliver ollie olly oli olivier
olivia liv livvy ollie
olumide olu mide
oluwa olu
oluwaseun seun segun
omar umar omer umer cumar
onyeka onye
orla orlagh orlaith
osama usama
oscar oskar
osman usman uthman othman usmaan
owen owain eoin ewan ow
pamela pam pammy
paramjit param pam paramjeet
pardeep pardip pradeep
parminder pam parm pinder
parveen parvin perveen pav
patricia pat patsy tricia trish paddy patti trisha patrycja
patrick pat paddy patryk rick padraig padraic patsy ric
paul pauly pawel paulie pablo pavel pol pavlo paulo
paula pauline polly
paulina paula lina paulinka
pauline paula polly
pawel paul
penelope penny pen
pervez parvez pervaiz parvaiz
peter pete piotr piotrek petro pedro peadar pierre pyotr petr petey
philip phil pip phill phillip filip flip
philippa pip pippa pippy
philomena phil mena
piotr peter piotrus piotrek
pooja puja
pradeep pradip prad
precious presh
priya priyanka pri
przemyslaw przemek premek
rabia rabiya rabea
rachel rach rae raquel rachael
radoslaw radek
rafal raf raphael rafael
rafiq rafique rafeeq
rahim raheem
rajesh raj rajiv
rajinder raj rajvinder rajindar
ranjit ran ranjeet
rashid rasheed
ravinder rav ravi
raymond ray rayn
razia raziya
rebecca becky becca bex beckie rebekah reba
reece rhys rees reese rhisiart
reginald reg reggie
rehana rihana
rekha reka
reza riza
rhiannon rhi
ricardo rick ricky
richard rick dick rich richie ricky rik ryszard rysiek dickie ricardo
rizwan riz
robert rob bob bobby robbie rab rabbie bert robin robyn bobbie roberto rupert raab
robina rubina
roderick rod roddy rory rhodri
rodney rod roddy
roger rog rodge rodger
roisin rosheen rosie rose
roland rolly roly rowland
ronald ron ronnie ronny
rory ruairi ruairidh ruaridh roderick
rosalind roz ros rosie
rose rosie rosa rosemary roz
rosemary rose rosie romy
roxanne rox roxy
roy royston
rubel rubell
rubina robina ruby
ruhul ruhel
rukhsana ruksana roxy ruki roxanne rukhsaana ruxana
rupinder rup rupi
russell russ rusty russel
ruth ruthie rut
ryan ry rhyan
ryszard rysiek richard
sabrina bri
saeed said sayeed syed sayed saeid
saima saimah
saira sairah
sajid saj
sajida saj
salim saleem selim
sally sal sara
samantha sam sammy sammie mantha
samina mina sam sameena
samuel sam sammy samir samual shmuel
sana sanah
sandeep sandy sandip
sandip sandeep
sandra sandy san sandie
sanjay sanj jay sunjay
saoirse seersha sersha
sarah sara sal sally saz sadie sarah-jane zara
satnam sat
satwinder sat satvinder
scott scotty scot
sean shaun shawn sion john shane shayne
sebastian seb bas bastian
senga agnes
serhiy sergei sergey serge serhii
shabana shabs shab
shaheen shahin
shahid shaheed shaid shid
shahnaz shanaz shehnaz
shamim shameem
shanice shaneice shan
shannon shan
sharon shaz shazza shaza sharron shar
shazia shaz shazi shaziya
sheena sheenagh
sheila sheilagh shelagh cecilia
shirley shirl
shoaib shoib shuaib
shona shonagh seonaid
sidney sid sydney syd
simon si sy szymon simeon shimon
simran sim simmi simi
sinead jane shinead
siobhan shiv chevonne shivaun shevaun
slawomir slawek
sohel sohail suhail
solomon sol solly
sophie sophia sofia zofia zosia soph sofie
stacey stace tracey stacy stacie
stanislaw stan staszek stanislav stasiek
stanley stan
stephanie steph stef stephie stefania stevie annie
stephen steve steven steffan stevie stefan ste szczepan steph stephan stefanos
stuart stu stewart stewy stuey
sukhdeep suki sukh
sukhdev sukh suki sukdev
sukhwinder suki sukh
suleiman sulaiman suleyman solomon suleman sulejman
sultana sultanah
sumaira sumera sumayra
sunil sunny
suresh sur
surinder sur
susan sue suzie susie suzanne suzy zuzanna shoshana susanna suze
svitlana svetlana lana
sylvia syl sylwia silvia
tadeusz tadek thaddeus
tadhg teague timothy tyg thady
tafadzwa tafa
tahir taher
tahira tahirah
tajinder tejinder taj
tamara tammy tam
tamsin tam tammy
tanya tania tatiana tatyana
tariq tarek tarik
tejinder tej tajinder
temitope temi tope
terence terry tel tez terrance
teresa theresa terry tess tessa tereska treasa
tetiana tatiana tania
thabo thab
theo theodore teddy theodor
thomas tom tommy tam thom tomasz tomek tomas tomos twm
timothy tim timmy tymoteusz
tina christine martina
tobias toby tobe
toni antonia tony
tracey trace stacey tracy tracie
trevor trev
tyrone ty
umar omar omer umer
una oona oonagh
usman osman uthman usmaan
uzma usma
valerie val
vanessa nessa van
veronica ronnie vera roni weronika
victor vic vik wiktor viktor
victoria vicky vic tori vick vikki wiktoria vicki viktoria
vijay vij jay
vincent vin vince vinny vinnie wincenty
violet vi
virginia ginny ginger
vladimir vlad wlodek volodymyr wlodzimierz vova
waclaw wacek
waldemar waldek
waleed walid
walter walt wally wat
waqar wakar
waqas vicky waq waqaas
wasim waseem
wayne wayn
wendy wend
wieslaw wiesiek
william will bill billy willie willy liam wil gwilym wilhelm bil wills gwil
winston win
wojciech wojtek voytek vojtech
xavier xav javier
yasin yaseen yasir yassin yaser
yasir yas
yetunde yeti tunde
younis yunus younus
yuliia julia yulia
yvonne von evonne ivonne
zachary zac zack zach zak zachariah zakariya zakaria
zahid zaheed
zahra zara zehra
zainab zaynab zeinab zaini zee zainub zeynep
zbigniew zbyszek
zdzislaw zdzisiek
zeeshan zeshan shan zee
zoe zo zoey zowie
zofia zosia
zubair zubayr zoobair
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
ullah ulla
uddin udin ud-din
khanom khanum khanam
khatun khatoon
bibi bibby bebe
akhtar akhter aktar akter akthar
hoque haque huq hoq haq
alam aalam
islam eslam
mirza meerza
butt but bhatt
chaudhary chaudri
jallow jalloh diallo
bah barry
ceesay cessay sesay
kamara camara
koroma coroma
conteh conte konteh
mensah mensa
owusu owuso
osei osey
macgregor mcgregor
mackenzie mckenzie mackenzi
mackay mckay mckie mackie
maclean mclean mclaine
maguire mcguire
mccarthy maccarthy
keogh kehoe keough
keane kane kean keen
kavanagh cavanagh kavanaugh
byrne burn byrnes burns
docherty doherty dougherty
pearce pierce peirce
rees reece reese rhys
matthews mathews
nicholson nicolson
reilly riley oreilly
neill oneill neil oneil
brien obrien
walsh welsh walshe welch
johnson johnston johnstone
stewart stuart
kerr carr
moore more moor
wood woods
griffiths griffith griffin
pritchard prichard
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
