"""Buildings."""

from __future__ import annotations

from collections.abc import Mapping

from mediasmith_sketch.drawing.figure import Figure, figures

BUILDINGS: Mapping[str, Figure] = figures("""
    lighthouse: land 0.62 light accent
        beam M46 25 L-1400 -90 V70 Z
        beam M54 25 L1500 -160 V110 Z
        main M37 102 L43 34 H57 L63 102 Z
        trim M41 58 L41.9 46 H58.1 L59 58 Z
        trim M38.8 84 L39.8 71 H60.2 L61.2 84 Z
        dim M53 34 H57 L63 102 H54 Z
        dark M46.6 102 V92 Q46.6 88 50 88 Q53.4 88 53.4 92 V102 Z
        dark R48.7 62 2.6 5 1.3 R48.7 39 2.6 4.4 1.3
        dark R38.5 31 23 3.4 0.6 R40 26.5 0.9 5 R59 26.5 0.9 5 R40 26.4 20 0.8
        glow R44.4 19 11.2 12
        dark R49.4 19 1.2 12 R44.4 19 0.9 12 R54.7 19 0.9 12
        trim M42 19.6 Q44 12 50 10 Q56 12 58 19.6 Z
        dark R49.4 4 1.2 6.5 O50 9.8 1.5
    house: land 0.34 light accent
        under R64 28 9 24
        main R22 54 56 48
        dim R22 54 56 5
        trim M13 58 L50 24 L87 58 L83 61 H17 Z
        dark R44 76 12 26 1
        glow R28 66 11 12 R61 66 11 12
        main R33 66 1.2 12 R28 71.4 11 1.2 R66 66 1.2 12 R61 71.4 11 1.2
        light O53.4 89 0.9
    barn: land 0.32 accent light
        main M20 102 V56 L30 38 L50 26 L70 38 L80 56 V102 Z
        under M16 58 L27 37 L50 23 L73 37 L84 58 L79 58 L70 41 L50 29 L30 41 L21 58 Z
        trim R40 74 20 28
        main R41.5 75.5 17 26.5
        trim M41.5 75.5 L58.5 102 H56.5 L41.5 79 Z M58.5 75.5 L41.5 102 H43.5 L58.5 79 Z
        trim R45 44 10 11
        dark R46.4 45.4 7.2 8.2
    castle: land 0.5 light accent
        main R35 30 30 72
        main R33.4 26 4.6 8 R40.4 26 4.6 8 R47.4 26 4.6 8 R54.4 26 4.6 8 R61.4 26 4.6 8
        trim M40 27 L50 2 L60 27 Z
        dim R52 30 13 72
        shade R20 62 60 40
        main R10 46 17 56 R73 46 17 56
        dim R19 46 8 56 R82 46 8 56
        trim M8 47 L18.5 20 L29 47 Z M71 47 L81.5 20 L92 47 Z
        trim M50 2 V-6 L59 -3 L50 0 Z M18.5 20 V12 L26 14.5 L18.5 17 Z M81.5 20 V12 L89 14.5 L81.5 17 Z
        dark M42 102 V86 Q42 76 50 76 Q58 76 58 86 V102 Z
        glow R47.5 44 5 9 2.5 R16.5 58 4 8 2 R79.5 58 4 8 2
    church: land 0.46 light dark
        main R38 64 44 38
        trim M34 66 L44 46 H78 L86 66 Z
        main R20 42 22 60
        dim R32 42 10 60
        trim M17 44 L31 8 L45 44 Z
        trim R30.3 -2 1.4 12 R27.6 1.5 6.8 1.4
        dark M26.5 102 V90 Q26.5 85 31 85 Q35.5 85 35.5 90 V102 Z
        glow M28.6 66 V58 Q28.6 54 31 54 Q33.4 54 33.4 58 V66 Z
        glow R50 74 4.6 13 2.3 R60 74 4.6 13 2.3 R70 74 4.6 13 2.3
    windmill: land 0.5 light accent
        main M37 102 L43 44 H57 L63 102 Z
        dim M51 44 H57 L63 102 H51 Z
        trim M41 45 Q42 32 50 31 Q58 32 59 45 Z
        dark M46 102 V90 Q46 85 50 85 Q54 85 54 90 V102 Z
        dark R47.6 60 4.8 6 1
        dark B50 40 44 1.2 0 25 115 205 295
        trim B50 40 43 6 12 29.4 119.4 209.4 299.4
        dark O50 40 2.6
    temple: land 0.36 light light
        shade R18 48 64 44
        main R16 49 6.4 41 R28.4 49 6.4 41 R40.8 49 6.4 41 R53.2 49 6.4 41 R65.6 49 6.4 41 R78 49 6.4 41
        main R4 95 92 7 R9 89.5 82 6
        main R11 41 78 8
        dim R11 46.6 78 2.4
        main M8 41 L50 20 L92 41 Z
        shade M20 38.4 L50 24.4 L80 38.4 Z
    pagoda: land 0.52 accent dark
        main R30 76 40 26 R34 54 32 18 R38 34 24 14
        glow R44 82 12 20 R40 60 5 8 R55 60 5 8 R43 38 4 6 R53 38 4 6
        trim M14 78 Q30 75 34 66 H66 Q70 75 86 78 L80 80 H20 Z
        trim M20 56 Q34 53 38 45 H62 Q66 53 80 56 L75 58 H25 Z
        trim M26 36 Q40 33 50 16 Q60 33 74 36 L70 38 H30 Z
        trim R49.2 6 1.6 14
    torii: land 0.44 accent dark
        main M22 102 L25 36 H31 L29 102 Z M78 102 L75 36 H69 L71 102 Z
        main R18 48 64 5.4
        main R47 36 6 13
        trim M6 24 Q50 31 94 24 L92 32 Q50 38 8 32 Z
        main M10 31.6 Q50 38 90 31.6 L89 37 Q50 42 11 37 Z
        trim R20.5 94 10 8 R69.5 94 10 8
    tower: land 0.56 light accent
        main M36 102 L38 40 H62 L64 102 Z
        main M34 40 V27 H40 V32 H47 V27 H53 V32 H60 V27 H66 V40 L63 46 H37 Z
        dim M53 28 H66 V40 L63 46 L64 102 H53 Z
        trim M49.4 30 V8 H50.6 V30 Z M50.6 9 L66 14 L50.6 19 Z
        dark M45 102 V90 Q45 83 50 83 Q55 83 55 90 V102 Z
        glow R48 56 4 8 2 R48 70 4 8 2
    eiffel: land 0.66 dark dark
        main M24 102 Q42 74 48.4 10 H51.6 Q58 74 76 102 H64 Q58 86 50 86 Q42 86 36 102 Z
        main R49.3 2 1.4 10 R38 60 24 3.4 0.6 R31 79 38 4 0.6 R46 28 8 2 0.6
    skyscraper: land 0.66 near light
        main R30 8 40 94
        shade R54 8 16 94
        main R38 2 24 8
        dark R49.3 -12 1.4 15
        glow R34 16 5 5 R34 25.5 5 5 R34 35 5 5 R34 44.5 5 5 R34 54 5 5 R34 63.5 5 5 R34 73 5 5 R34 82.5 5 5 R43 16 5 5
        R43 25.5 5 5 R43 35 5 5 R43 44.5 5 5 R43 54 5 5 R43 63.5 5 5 R43 73 5 5 R43 82.5 5 5 R52 16 5 5 R52 25.5 5 5
        R52 35 5 5 R52 44.5 5 5 R52 54 5 5 R52 63.5 5 5 R52 73 5 5 R52 82.5 5 5 R61 16 5 5 R61 25.5 5 5 R61 35 5 5
        R61 44.5 5 5 R61 54 5 5 R61 63.5 5 5 R61 73 5 5 R61 82.5 5 5
    bridge: span 0.4 accent accent
        main R18 38.2 0.6 31.8 R22 45.2 0.6 24.8 R26 51.2 0.6 18.8 R30 56.4 0.6 13.6 R34 60.6 0.6 9.4 R38 63.8 0.6 6.2
        R42 66.1 0.6 3.9 R46 67.5 0.6 2.5 R50 68 0.6 2 R54 67.5 0.6 2.5 R58 66.1 0.6 3.9 R62 63.8 0.6 6.2
        R66 60.6 0.6 9.4 R70 56.4 0.6 13.6 R74 51.2 0.6 18.8 R78 45.2 0.6 24.8 R82 38.2 0.6 31.8
        main M12 24 Q50 112 88 24 L88 25.6 Q50 115 12 25.6 Z
        main M12 24 Q-22 62 -90 70 V71.4 Q-22 64 12 26 Z M88 24 Q122 62 190 70 V71.4 Q122 64 88 26 Z
        main R-400 70 900 4
        shade R-400 74 900 1.6
        main R8.6 18 2.6 82 R13.6 18 2.6 82 R8.6 30 7 2.2 R8.6 48 7 2.2 R8.6 18 7.6 2.4
        main R84 18 2.6 82 R89 18 2.6 82 R84 30 7 2.2 R84 48 7 2.2 R84 18 7.6 2.4
        shade R6 92 13 8 R81.4 92 13 8
    factory: land 0.4 water accent
        clear O28 12 7 O38 6 9 O52 0 11 O70 -6 13
        trim M22 102 L24 22 H32 L34 102 Z M38 102 L40 34 H47 L49 102 Z
        light R23.6 28 8.8 4 R39.6 40 8 4
        main M10 102 V62 L36 48 V62 L62 48 V62 L90 48 V102 Z
        glow R18 72 10 8 R34 72 10 8 R50 72 10 8 R66 72 10 8
        dark R70 86 12 16
    tent: land 0.24 accent light
        shade M50 40 L66 44 L98 102 H50 Z
        main M50 40 L6 102 H86 Z
        glow M50 52 L36 102 H62 Z
        trim M50 44 L36 102 H40 L50 62 L60 102 H64 Z
    pyramid: land 0.4 sand light
        main M-24 102 L50 20 L124 102 Z
        dim M50 20 L124 102 H66 Z
""")
