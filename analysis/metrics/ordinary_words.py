"""English words that are also titles: alone they name a film only when the text marks them as one."""

_WORDS = """
about above absolute action adaptation adventure affair after again agent air alive all alone always american
amour angel anger animal another antichrist any apollo armour army around arrival art as ask assassin at
atonement attack awake away baby back bad ball bandits bank basic battle beach bean beast beautiful beauty
because bed before beginners belief beloved best better between beyond big bird birds black blade blaze blind
blink bliss blood blow blue boat body boiler bond bones book born borrowed bound box boy boys brave bread
break breakdown breaking breathless bride bridge bright bring broken brother brothers bully burning business
but butterfly by cabaret cake call candy captain car care careful carol cars casino cast castle cat cats
caught cause celebrity cell chance change chaos charade charge charlie chase cherish chess chicken child
children chocolate choice choke christmas circle circus city class classic clay clean clear click cliff climax
clock close closer club clue coach cold color colours comedy coming company con confidence congo contact
control cool cop copycat cosmos count country courage cousins crash crazy creation creator creep crew crime
crossroads cruel cruising crush cry cube cure curse cut dad daddy dance dancer danger dark darkness date
daughter dave dawn day days dead deal death deceiver deep defiance delirious deliverance desire desperate
destiny detective detour devil diary die diner dinner dinosaur dirty disclosure disco dive divine doctor dog
dogs doll dolls domino doom door double doubt down drama dream dreamer dreams drive driven driver drop drunks
duel dune duplicity dust eagle earth east easy echo eclipse edge eight election elephant eleven elf embrace
emma empire end enemy energy england enough entertainment epic equilibrium escape eternity even ever every
everybody everything evidence evil evolution excess executive exit exotica expert extract eye eyes fable face
faces fact fair faith fall fallen falling fame family fan fantasia fantasy far fashion fast fat fatal father
fear feast feeling fences festival fever few field fight fighter film final fire first fish five flame flash
fled flesh flight flirt flood fly focus follow following food fool for force forever forgotten four fracture
frailty frame free freedom freeze frenzy fresh friday friend friends from frozen fugitive full fun funny fury
future gambler game games gang garden gas genius get ghost ghosts giant gift girl girls give glass glitter
glory go goal god gods gold golden gone good grace grand gravity great greed green grief groove ground group
guard guest guilty gun guns guy guys hair half halloween hand hands hanging happiness happy hard harvest hate
haunted head healer hear heart hearts heat heaven heist hell help her here hereafter hero heroes hidden high
him his history hit hold hole holiday hollow holy home honey honor hoop hope horror hospital hostage hostel
hot hotel hour hours house how human humanity hunger hunt hunter hurricane husband hush i ice icon idea ideal
identity idol if imagine immortal impact impostors impulse in independence indian infamous innocence inside
insider insomnia inspiration instinct insurgent interest interiors intermission interstellar intimacy into
invincible iris island it italian jack jade jaws jealousy jobs journey joy judge jumper jungle junior jury
just justice kid kids kill killer kind king kingdom kiss kissed knife knight know knowing labyrinth ladder
lady lake land language last late laura law lawless leader league legend legends lemon leon less letter
letters level liar liberty life lifeboat light lights like limitless lion listen little live lives living
local lock lone loneliness long look looper loser lost lot loud love loved lovely lover lovers lucky lucy lust
machine mad madness magic magnet mail major man manhood mankind many map march maria mars mask master match
maverick me mean medicine meet melancholia memento memory men menace metro midnight might milk mind mine minor
minority miracle mirror misery miss mission mistress mob mom moment monday money monkey monster monsters month
mood moon moral more morning mother motherhood mountain mouse movie mr much mud multiplicity mummy munich
murder muse music my mystery naked name nature neighbors neighbours nest network never new news next nice
night nights nine no nobody noir noise normal north nostalgia nothing notice notorious now number numbers
oasis oblivion obsession ocean of off office old on once one only open opera orange orphan orphans other
others out outbreak outland outside over owl oxygen pack pact page pain paint painted panic paper paradise
paranoia parents party passage passenger passengers passion past patience patriot pay peace people perfect
perfume person persuasion phantom phenomenon photographer pi piano picnic piece pig pigs pink pirates place
plane planet platoon play player please pleasure point poison polar police politics porcelain port possession
postman powder power pray prayer predator premonition present president prestige pretty prey pride priest
prince princess prison private problem prom promise proof property prophecy psycho public pulp pulse punch
pure pursuit push quarantine queen quest question quick quiet quiz race radio rage rain ran random ransom
rapture rat ratings raven raw ray ready real reality rebel rebound reckless red redemption redline reds regret
release rent replay report repulsion rescue resurrection return revenge reversal revolution rich ride right
ring ringer rise rising rite ritual rival rivals river road roads robots rock rocket roger role roll romance
rome ronin roof room roommate rope rose rough round rub ruby run runaway runner running rush ruthless safe
safety sahara saint salt same sand saturn savage saved savior saw say scandal school science score scream
screen sea search season second secret secretary secrets see self sense senseless serenity serial series
servant seven seventh sex shadow shadows shaft shaken shame shampoo shane she shine ship shock shoot short
shot show sick side siege sight sign signs silence silent simple sin since sing singles sink sister sisters
six skin sky slacker slackers slam sleep sleepers sleuth slice slow small smart smile smoke snake snow so
social society soldier solo some somersault something somewhere son song sorcerer sorry soul south space
spanking spark speaking species speed spell sphere spider spiral spirit splash splendor split spy stag stage
stalker star stardom stardust stars state station stay steal steam steel step stepmom still sting stoker stone
stop storm story storytelling straight strange stranger street streets strike striptease strong stuck student
style sub sugar suicide summer sun sunday sunset sunshine super supernova superstar surprise survivor suspect
suspense suspicion swallow sweet swimming swing swingers sword syndrome table taken takeover taking talent
talk tangled tango tank tape target taste taxi teach teacher team tears teen television ten tenderness
terminal terror thanks that the them theory there thief thieves thing things think thinner third thirst
thirteen this three thriller through thunder ticket tide tiger tigers tight time timeline times to today
together tomorrow tonight too top torment torque total touch tough town toys track trade traffic training
traitor transit trap trash travel treasure trees trial triangle tribe trick trip trouble true trust truth
tuesday tumbleweeds tunnel turbulence turn twelve twilight twins twisted twister two ugly ultimate unbreakable
under underground undisputed unfaithful unforgiven unhinged uninvited union unknown unlawful unleashed
unstoppable until up upside us vacancy vacation valentine valley value vanilla vanished vengeance venom victim
victory video view vikings village violence violet virgin virtue virtuosity virus vision visitor visitors
voice volcano voyage wager wait waiting walk walker wall wanderlust wanted war warlock warrior warriors was
water wave way weather wedding week weekend weird welcome west western whale what wheels when where whiplash
white who why wicked wife wild will willow win wind window wings winner winter wish wit witch witness wolf
wolves woman women wonder wonderland woods word words work world wrath wreck wrestler writer wrong yard year
years yellow yes yesterday you young your youth zero zodiac zombie zone zoo
"""

ORDINARY_WORDS = frozenset(_WORDS.split())
