"""The words that prompts and edits are read with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

V = TypeVar("V")

Verb = Literal["", "add", "remove", "change", "replace"]
"""What is to happen to a thing; empty where the words do not say."""


def _names(text: str) -> dict[str, str]:
    """Every word and its meaning, from lines of `meaning: word, several words`; a meaning is a word for itself."""
    found: dict[str, str] = {}
    for line in text.strip().splitlines():
        meaning, _, words = line.strip().partition(":")
        found |= {word.strip(): meaning for word in (meaning, *words.split(",")) if word.strip()}
    return found


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _all(text: str, value: V) -> dict[str, V]:
    return dict.fromkeys(text.split(), value)


NOUNS: Mapping[str, str] = _names("""
    sun: sunshine
    moon: full moon, crescent moon, crescent
    stars: star, starry, constellation, milky way
    cloud: cloudy
    rain: rainy, rainfall, drizzle
    snow: snowy, snowfall, snowflake, blizzard
    fog: foggy, mist, misty, haze
    rainbow
    lightning: thunder, thunderstorm, storm, stormy, lightning bolt
    fireworks: firework
    planet: saturn, jupiter, mars, venus, neptune, uranus, alien world
    mountains: mountain, peak, summit, alps, fuji, mount fuji, everest, volcano, ridge, cliff, highland, himalaya
    mountains: mountain range, mountainside
    hills: hill, hillside, valley, countryside, landscape, scenery, rolling hills
    sea: ocean, coast, coastline, bay, harbour, harbor, shore, seaside, seascape, island, beach, fjord, lagoon, pier
    waves: wave, surf, tsunami
    lake: pond, lakeside
    river: stream, creek, canal, waterfall
    city: skyline, town, downtown, metropolis, cityscape, new york, manhattan, london, tokyo, berlin, street, urban
    woods: forest, jungle, woodland, grove, rainforest, taiga
    dunes: desert, dune, sahara, oasis
    mesas: canyon, mesa, badlands
    field: farm, farmland, vineyard, crop, furrow, cornfield, rice field, wheat field, lavender field, tulip field
    meadow: wildflower, garden, flower field, prairie, grassland, flower meadow
    road: highway, path, trail, route, motorway
    reef: underwater, coral reef, seabed, deep sea, aquarium, seaweed

    lighthouse: light house, beacon, pharos
    house: cottage, cabin, hut, villa, chalet, bungalow, village, farmhouse, shed
    barn: stable
    castle: palace, fortress, citadel
    church: chapel, cathedral, monastery, abbey
    windmill: wind mill, mill
    temple: parthenon, acropolis, museum, bank, greek temple
    pagoda: shrine, japanese temple
    torii: torii gate
    tower: watchtower, turret, clock tower, church tower, bell tower
    eiffel: eiffel tower, paris
    skyscraper: office tower, office building, office, building, high rise, apartment, hotel
    bridge: golden gate, suspension bridge, viaduct
    factory: power station, power plant, industry, refinery
    tent: camp, campsite, camping, tipi, teepee
    pyramid: egypt

    tree: oak, oak tree, maple, birch, orchard, cherry tree, apple tree, olive tree, willow, blossom tree
    pine: pine tree, fir, fir tree, spruce, christmas tree, conifer, evergreen
    palm: palm tree, coconut tree, tropical
    cactus: cacti, saguaro
    flower: rose, daisy, blossom, poppy, peony, lotus, carnation, bouquet
    sunflower
    tulip
    plant: houseplant, potted plant, pot plant, succulent, monstera
    leaf: leaves, foliage
    mushroom: toadstool, fungus
    bush: shrub, hedge
    rock: boulder, stone

    portrait: woman, girl, face, lady, headshot, avatar, self portrait, businesswoman, queen, doctor, teacher, artist
    portrait: mother, grandmother, princess, singer, dancer, scientist, student
    man: boy, gentleman, businessman, king, fisherman, chef, father, grandfather, prince, musician, soldier, sailor
    man: farmer, guy
    person: people, figure, hiker, traveller, traveler, walker, child, children, family, crowd, silhouette, wanderer
    person: tourist, team
    cat: kitten, kitty, tomcat
    dog: puppy, hound, labrador, corgi, poodle
    fox: vixen
    bear: grizzly, teddy, teddy bear, polar bear
    rabbit: bunny, hare
    owl
    penguin
    elephant
    deer: stag, reindeer, elk, moose, doe
    bird: sparrow, robin, parrot, finch, songbird, canary
    birds: seagull, gull, flock, crow, raven, swallow, goose, geese, eagle, seabird
    butterfly: moth
    fish: goldfish, clownfish, trout, koi
    whale: dolphin, orca
    robot: android, bot, droid, mech
    astronaut: spaceman, cosmonaut

    boat: sailboat, sailing boat, yacht, dinghy, fishing boat, rowing boat, sail boat, mail boat, sailing
    ship: steamer, liner, ferry, cruise ship, steamship, freighter, vessel
    car: automobile, taxi, cab, vehicle, sports car, sedan
    bus: van, camper, school bus
    train: locomotive, railway, steam train, tram
    bicycle: bike, cycling, cyclist
    plane: airplane, aeroplane, jet, airliner, aircraft
    balloon: hot air balloon, airship
    rocket: spaceship, spacecraft, space ship, shuttle, rocket launch
    ufo: flying saucer, alien

    bottle: wine bottle, beer, juice, sauce, shampoo, water bottle
    perfume: perfume bottle, fragrance, cologne, cosmetic, flacon, lotion
    cup: coffee, tea, mug, coffee cup, espresso, latte, cappuccino, teacup, cafe, coffee shop, cup of coffee, cup of tea
    glass: wine, wine glass, glass of wine, cocktail, drink
    vase: pottery, amphora, urn
    phone: smartphone, app, mobile, iphone, mobile phone, mobile app
    laptop: computer, website, macbook, notebook, software, dashboard, coding, programmer
    book: novel, library, diary, journal
    chair: armchair, sofa, furniture, seat, interior, living room
    lamp: desk lamp, floor lamp
    bulb: light bulb, lightbulb, idea, invention
    guitar: music, concert, jazz, rock music
    camera: photography, photographer
    clock: alarm clock, time
    watch: wristwatch, smartwatch
    headphones: headphone, headset, podcast, earphones
    shoe: sneaker, trainers, boot, running shoe, footwear
    bag: handbag, shopping bag, purse, tote, backpack
    gift: present, birthday present, parcel
    apple
    fruit: citrus
    cake: birthday cake, birthday, cupcake, pie, dessert
    burger: hamburger, cheeseburger, sandwich
    pizza
    icecream: ice cream, gelato, sorbet
    candle: candlelight
    umbrella: parasol
    heart: love, valentine, romance
    trophy: award, winner, prize
    envelope: letter, mail, email, newsletter
    gear: cog, machine, engine, engineering
    chart: graph, bar chart, statistics, growth, data, finance, report, sales, revenue
    crown: royal
    diamond: gem, jewel, crystal, gemstone

    sky: background, backdrop
    ground: land, grass, earth, soil, floor, terrain
    water
    caption: subtitle
    title: headline, heading, lettering, text, words, slogan
    tiles: pattern, grid, mosaic, geometric, bauhaus
    arches: arch, boho
    orbits: circles, orbit, atom, solar system, abstract
""")
"""What a word names: a figure, a kind of scenery, or a part of the picture."""

SEVERAL: Mapping[str, int] = {
    **_all("bouquet family people children team", 3),
    "village": 4,
    "crowd": 6,
}
"""Words for one thing that stand for several of it."""

KIN: Mapping[str, tuple[str, ...]] = {
    "tower": ("lighthouse", "church", "castle", "eiffel", "skyscraper", "pagoda", "windmill"),
    "skyscraper": ("city", "tower"),
    "house": ("barn", "church", "castle", "lighthouse"),
    "boat": ("ship",),
    "ship": ("boat",),
    "tree": ("pine", "palm", "woods"),
    "flower": ("tulip", "sunflower", "meadow"),
    "person": ("portrait", "man"),
    "portrait": ("man", "person"),
    "man": ("portrait", "person"),
    "sea": ("lake", "river"),
    "lake": ("sea",),
}
"""What an edit may mean by a thing that is not in the picture."""

OWN_COLOURS: Mapping[str, str] = {
    "rose": "#d7263d",
    "poppy": "#e2341d",
    "goldfish": "#ff8c1a",
    "clownfish": "#ff7f2a",
    "cherry tree": "#f4b6c2",
    "blossom tree": "#f4b6c2",
    "polar bear": "#f7f4ec",
    "canary": "#ffd93b",
    "taxi": "#f7c325",
    "lavender field": "#9b86c9",
    "wheat field": "#e6bf6b",
}
"""Things whose name says their colour."""

MAIN_PARTS: frozenset[str] = _set("dress shirt coat jacket suit sweater jumper hull body walls wall petals fur frame")
TRIM_PARTS: frozenset[str] = _set("roof roofs sail sails stripe stripes hair hat label ring snowcaps windows pot")
"""Parts of a thing: a colour before one is the thing's main colour, or its second one."""

MOODS: Mapping[str, str] = _names("""
    dawn: sunrise, daybreak, morning, first light
    day: daytime, noon, midday, afternoon, sunny, summer, sunlit, daylight
    dusk: sunset, evening, twilight, golden hour, sundown, nightfall, gloaming, afterglow
    night: midnight, nighttime, nocturnal, moonlit, starlit, night sky, starry, starry night, stars, moonlight
    storm: stormy, thunderstorm, rain, rainy, tempest, overcast, gloomy
    winter: snow, snowy, wintry, ice, icy, frozen, arctic, frost, christmas, antarctica, blizzard, ski
    autumn: autumnal, october, harvest, thanksgiving
    spring: springtime, blossom, easter, april, garden
    desert: sahara, dunes, canyon, arid, egypt, oasis, savanna, safari, mesa
    forest: jungle, woodland, woods, rainforest, botanical, nature, organic, eco
    sea: ocean, seaside, coast, beach, nautical, marine, maritime, lagoon, tropical, harbour, harbor
    reef: underwater, aquarium, deep sea, coral reef, seabed
    neon: cyberpunk, synthwave, vaporwave, retrowave, futuristic, sci fi, cyber, techno, nightclub, disco, glowing
    pastel: soft, kawaii, cute, gentle, dreamy, dreamlike, candy, delicate, powdery
    retro: vintage, mid century, midcentury, seventies, 1970s, old fashioned, nostalgic, classic
    mono: black and white, monochrome, noir, greyscale, grayscale, minimalist, minimal, line art
    space: cosmos, cosmic, galaxy, nebula, universe, outer space, interstellar, lunar
    warm: cosy, cozy, hygge, fire, spicy
    cool: cold, calm, chilly, serene, business, corporate, technology, tech, startup, professional
""")
"""Which palette a word suggests."""

VERBS: Mapping[str, Verb] = {
    **_all("add put place include insert draw plus give introduce show another more create generate sketch", "add"),
    **_all("remove delete erase without no drop hide lose omit eliminate clear minus except", "remove"),
    **_all("make turn change colour color paint recolour recolor tint set should be is are let render dye", "change"),
    **_all("shift move", "change"),
    **_all("replace swap exchange substitute", "replace"),
}
"""Verbs, by what is to happen to the things after them."""

ONCE = _set("no without minus except")
"""Verbs that are about the next thing only."""

COPULAS = _set("is are in to into be looks coloured colored")
"""Words after which a colour belongs to the thing before it."""

BREAKS = _set(
    "a an the some my your its his her their our on under over with at near by of beside behind against through above "
    "below between for from across into onto around along next inside while as"
)
"""Words that part a colour from a thing that follows."""

COUNTS: Mapping[str, int] = {
    **dict(zip("two three four five six seven eight nine ten".split(), range(2, 11), strict=True)),  # noqa: SIM905
    **_all("pair", 2),
    **_all("few", 3),
    **_all("several flock", 4),
    **_all("many lots", 6),
    **_all("dozen", 10),
}

SIZES: Mapping[str, float] = {
    **_all("tiny minuscule little distant faraway", 0.5),
    **_all("small smaller mini short shorter", 0.66),
    **_all("big large bigger larger tall taller grand great", 1.4),
    **_all("huge giant enormous gigantic massive towering", 1.8),
}

SIDES: Mapping[str, str] = _names("""
    left
    right
    middle: centre, center, centered
    up: higher, top, upper, raise
    down: lower, bottom
""")

TONES: Mapping[str, str] = _names("""
    dark: darker, moodier, deeper, dim
    light: lighter, brighter, bright, paler
    warm: warmer, sunnier
    cool: cooler, colder
    vivid: bolder, vibrant, saturated, colourful, colorful
    muted: softer, desaturated, calmer
""")
"""What an edit may ask of all the colours at once."""

STUDIO = _set("logo icon emblem badge sticker product mockup packshot studio")
"""Words that ask for a thing by itself before a plain ground."""
