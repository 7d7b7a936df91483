"""Words that mean one thing in the names of organisations, and words that tell nothing.

The lists are short on purpose and hold what research organisations are called in the languages that write most
affiliations. A word that is missing costs a little recall; it never makes two names equal.
"""

from typing import Final

_GROUPS: Final = {
    "university": "univ unive univer universit universite universites universitat universitaet universita universidad"
    " universidade universiteit universitet universitetet universitetas universitate universitatea universitas"
    " universiti univerzita univerzitet univerzitetu univerza uniwersytet uniwersytetu uniwersytecki universities"
    " universitesi universitet universitario universitaria universitaire universitaires universitats universitari"
    " universitatis universty univeristy univercity universitario uni unv univesity universtiy univerity unversity"
    " universitair universitaria universitarie universitarios universitarias universitasi universiy univesidad",
    "institute": "inst institut instituto istituto institutes institutet instituta institutul instytut instytutu ins"
    " insitute intitute institue institutional instituti instituut intezet institutions institution institucion"
    " instituicao istituti institutos instute instittute institude instituute",
    "technology": "technol tech technological technologies tecnologia tecnologica tecnologico technologie technologii"
    " technologique technologico tecnologie tecnologias tecnologicas technologic technologiczny technologiczna"
    " technologiczny technolgy technical technische technischen technischer technique techniques tecnica tecnico"
    " technicznego technika tecniche teknik teknologi techniczna technicka teknoloji tekniska tekniske"
    " techonology tecnologici tecnologicos",
    "science": "sci sciences scis ciencias ciencia scienze science scienza wissenschaft wissenschaften scientific"
    " scient scientifique scientifiques scientifico scientifica cientifica cientificas cientifico nauk vetenskaper"
    " sains bilimler bilimleri",
    "academy": "acad academia academie accademia akademie akademi akademia akademii academies akademisi academic"
    " akademiya",
    "medical": "med medicine medicina medizin medizinische medizinischen medizinischer medico medica medicas medicos"
    " medicinal medecine medicale medicaux medyczny medyczna medicala medicinske medicinska",
    "hospital": "hosp hospitals hospitalier hospitaliers hospitaliere hopital hopitaux ospedale ospedaliera"
    " ospedaliero ospedali krankenhaus klinikum hospitales szpital hospitalar sjukhus sykehus ziekenhuis hastanesi"
    " hospitalario sjukhuset hospitalet",
    "college": "coll colleges collegio colegio collegium",
    "center": "cent centre centers centres ctr centro centrum zentrum centra centri centros centar zentrums cntr"
    " zentren centrul merkezi cent",
    "laboratory": "lab labs laboratories laboratoire laboratoires laboratorio laboratorios laborator laboratori"
    " laboratorium labor laboratoriums",
    "research": "res rech recherche recherches ricerca ricerche investigacion investigaciones pesquisa pesquisas"
    " forschung forschungs onderzoek reseach reasearch reserch forskning recerca researches",
    "national": "nat natl natn naz nacional nazionale nationale nationales nazionali nacionales nationaal narodowy"
    " nationalen nationaux nasjonal",
    "engineering": "eng engn engg engng engineers engr ingenieria ingegneria ingenierie engenharia ingenieurs"
    " ingenieurwissenschaften ingeniera",
    "polytechnic": "polytech politecnico polytechnique politecnica politechnika politechnic politecnic"
    " politechniki polytechnical polytechnics politehnica polytechnica politecnic",
    "state": "estadual estatal estado",
    "international": "int intl internacional internazionale internationale internationales",
    "agricultural": "agric agr agri agriculture agricola agronomique agraria agrarias agronomica agronomic"
    " agricoltura agropecuaria agronomico agronomy",
    "computing": "comput computer computers computation computational",
    "physics": "phys physical physik physique fisica",
    "chemistry": "chem chemical chemie chimie chimica quimica",
    "biology": "biol biological biologie biologia biologica",
    "applied": "appl applications appliquee appliquees applicata",
    "department": "dept dep dpt departement departamento dipartimento departments",
    "faculty": "fac facultad faculdade facolta faculte fakultat fakultet fakultas",
    "school": "sch escuela escola ecole scuola schule hochschule schools escuelas",
    "foundation": "fondation fondazione fundacion stiftung fundacao fundacio found fond",
    "association": "assoc associacao asociacion associazione associates",
    "society": "soc societe societa gesellschaft sociedad sociedade",
    "ministry": "minist ministerio ministere ministero ministerium",
    "federal": "fed federale federais federaux bundes",
    "clinic": "clin clinical clinics clinica clinique klinik clinico kliniken clinicas",
    "health": "hlth salud sante saude salute gesundheit",
    "environment": "env environm environmental ambiente environnement ambiental ambientali umwelt",
    "information": "inf inform informatics informatica informatique informatik",
    "electronics": "electron electronic elektronik",
    "electrical": "elect elec elektrische electric electrotechnical elettrica",
    "mechanical": "mech mechanics mecanica mecanique",
    "mathematics": "math maths mathematical matematica mathematiques mathematik matematicas mathematic",
    "materials": "mater material materiaux materiales",
    "development": "dev devel developement desarrollo developpement sviluppo desenvolvimento",
    "education": "educ educational educacion educacao",
    "management": "manage mgmt manag",
    "advanced": "adv",
    "atomic": "atom atomique atomica",
    "energy": "energ energie energia energetica",
    "nuclear": "nucl nucleaire nucleare nuclearia",
    "studies": "stud studii",
    "general": "gen generale",
    "regional": "reg regionale",
    "royal": "roy real royale",
    "saint": "st ste sankt sanct",
    "veterans": "veteran",
    "veterinary": "vet veterinaria veterinaire",
    "pharmacy": "pharm pharmaceutical pharmaceuticals pharmaceutics pharma pharmacie pharmaceutica",
    "corporation": "corp",
    "company": "co comp",
    "limited": "ltd ltda",
    "incorporated": "inc",
    "administration": "admin administracion",
    "geology": "geol geological geologie",
    "space": "spatiales spatiale spaziale",
    "aeronautics": "aeronaut aeronautical aeronautic",
    "astronautics": "astronaut astronautical",
    "astronomy": "astron astronomical astronomia astronomico",
    "economics": "econ economic economy economia economiques",
    "oceanography": "oceanogr oceanographic",
    "public": "publique publica pubblica",
    "central": "centrale zentral",
    "free": "libre libera freie vrije",
    "north": "nord norte northern",
    "south": "sud sur southern",
    "east": "est eastern",
    "west": "ouest western",
    "catholic": "catolica catholique cattolica katholieke katholische",
    "munich": "munchen muenchen",
    "zurich": "zuerich",
    "cologne": "koln koeln",
    "vienna": "wien",
    "prague": "praha praze",
    "warsaw": "warszawa warszawski warszawie warszawska",
    "rome": "roma",
    "milan": "milano",
    "turin": "torino",
    "florence": "firenze",
    "naples": "napoli",
    "genoa": "genova",
    "padua": "padova",
    "venice": "venezia",
    "geneva": "geneve genf",
    "lisbon": "lisboa",
    "seville": "sevilla",
    "moscow": "moskva moskovskiy",
    "beijing": "peking",
    "petersburg": "petersbourg",
    "gothenburg": "goteborg goeteborg goteborgs",
    "copenhagen": "kobenhavn",
    "brussels": "bruxelles brussel",
    "athens": "athenes",
    "nuremberg": "nurnberg nuernberg",
    "hanover": "hannover",
    "bucharest": "bucuresti",
    "belgrade": "beograd beogradu",
    "montreal": "montral",
}
_LISTS: Final = {
    "small": "the of and und et y e i a an at in on for fur fuer de di da do dos das del della delle dello degli"
    " dei der die den des du la le les el los las lo il al im am von van voor zu zur zum och og w z na u studi"
    " degl dell dall to by with pour para per par con cum aux en un una unter het ten dans no o as em",
    "shared": "division section unit group program programme service services office bureau board council agency life"
    " natural social human arts humanities law business key graduate postgraduate systems network",
    "heads": "department faculty school division section unit group laboratory chair college program programme service"
    " clinic institute center",
    "qualifiers": "technology medical agricultural state national polytechnic normal pedagogical veterinary"
    " international women womens catholic christian islamic open free federal applied science health central north"
    " south east west new northern southern royal autonomous metropolitan regional foreign transport economics"
    " engineering maritime education finance forestry mining petroleum aeronautics defense defence military private"
    " second third union city municipal provincial county children childrens",
    "kinds": "university institute college hospital academy school center laboratory polytechnic clinic society"
    " observatory museum",
    "units": "department faculty division section unit chair group program programme school",
    "laboratories": "laboratory key center institute clinic",
}
KINDS_OF_ORGANISATIONS: Final = frozenset(_LISTS["kinds"].split())
"""Words that stay when a name is shortened."""
SMALL: Final = frozenset(_LISTS["small"].split())
"""Words between words. Left out of every comparison of names, and so is no difference between two of them."""
CANONICAL: Final = {word: head for head, words in _GROUPS.items() for word in words.split()}
"""What a word is compared as."""
GENERIC: Final = frozenset(_GROUPS) | frozenset(_LISTS["shared"].split())
"""Words that many organisations share: a match that rests on them alone is none."""
UNIT_HEADS: Final = frozenset(_LISTS["heads"].split())
"""Words that begin a part of an organisation, or a whole one."""
QUALIFIERS: Final = frozenset(_LISTS["qualifiers"].split())
"""Words beside a name that make it another name: "Medical University of X" is not "University of X"."""
UNITS: Final = frozenset(_LISTS["units"].split())
"""Words that begin a part of an organisation, and hardly ever an organisation."""
LABORATORIES: Final = frozenset(_LISTS["laboratories"].split())
"""Words that begin a part of an organisation as often as an organisation."""
