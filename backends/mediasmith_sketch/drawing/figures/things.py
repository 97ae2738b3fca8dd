"""Products and other things that fit on a table."""

from __future__ import annotations

from collections.abc import Mapping

from mediasmith_sketch.drawing.figure import Figure, figures

THINGS: Mapping[str, Figure] = figures("""
    perfume: table 0.5 accent light
        dark R42 14 16 20 2
        trim R45 33 10 8
        main R22 40 56 62 7
        tint R28 46 44 50 4
        trim R36 62 28 18
        main R41 68 18 2 R44 73 12 1.6
        clear M28 46 H40 L28 76 Z
        dim M66 40 H71 Q78 40 78 47 V95 Q78 102 71 102 H66 Z
    vase: table 0.5 accent light
        green M49 40 Q40 16 24 4 Q40 8 51 38 Z M51 40 Q60 14 78 6 Q64 16 53 40 Z M49.4 40 V0 H50.8 V40 Z
        trim O24 5 6 O78 7 6 O50 0 7
        main M40 36 H60 Q56 46 66 54 Q80 70 64 102 H36 Q20 70 34 54 Q44 46 40 36 Z
        dim M60 36 Q56 46 66 54 Q80 70 64 102 H54 Q66 70 54 54 Q52 46 54 36 Z
        trim M29.4 68 H70.8 V72 H29.4 Z
    phone: table 0.62 dark accent
        main R28 0 44 102 8
        light R31 4 38 94 5
        trim R31 4 38 48 5 R31 40 38 12
        main R43 6.4 14 3 1.5
        shade R36 60 28 4 2 R36 68 20 3 1.5
        trim R36 80 28 9 4.5
        light O50 28 10
    laptop: table 0.44 dark accent
        main R8 16 84 62 4
        light R12 20 76 52 2
        trim R12 20 30 52 2 R30 20 12 52
        shade R48 28 32 4 2 R48 36 24 3 1.5
        trim R50 58 6 10 R59 52 6 16 R68 46 6 22
        light O27 44 9
        tint M6 78 H94 L104 98 Q104 102 100 102 H0 Q-4 102 -4 98 Z
        dim R14 84 5.6 2.6 0.6 R14 88 5.6 2.6 0.6 R21.4 84 5.6 2.6 0.6 R21.4 88 5.6 2.6 0.6 R28.8 84 5.6 2.6 0.6
        R28.8 88 5.6 2.6 0.6 R36.2 84 5.6 2.6 0.6 R36.2 88 5.6 2.6 0.6 R43.6 84 5.6 2.6 0.6 R43.6 88 5.6 2.6 0.6
        R51 84 5.6 2.6 0.6 R51 88 5.6 2.6 0.6 R58.4 84 5.6 2.6 0.6 R58.4 88 5.6 2.6 0.6 R65.8 84 5.6 2.6 0.6
        R65.8 88 5.6 2.6 0.6 R73.2 84 5.6 2.6 0.6 R73.2 88 5.6 2.6 0.6 R80.6 84 5.6 2.6 0.6 R80.6 88 5.6 2.6 0.6
    book: table 0.46 accent light
        shade R26 6 52 96 3
        light R30 94 46 6
        main R22 2 54 94 3
        dim R22 2 8 94
        trim R38 18 30 3 R38 25 20 2
        trim O53 58 14
        main M39 64 Q46 54 53 62 Q60 54 67 60 Q65 72 53 72 Q42 72 39 64 Z
    chair: table 0.56 accent dark
        trim M26 70 L20 102 H23.4 L31 70 Z M74 70 L80 102 H76.6 L69 70 Z
        main M24 62 Q18 18 34 10 Q50 5 66 10 Q82 18 76 62 Z
        shade M14 48 Q22 46 24 56 L28 66 H72 L76 56 Q78 46 86 48 Q92 52 86 66 Q82 78 72 78 H28 Q18 78 14 66 Q8 52 14 48
        Z
        tint R28 60 44 9 4
    lamp: table 0.6 accent dark
        beam M30 40 L-10 130 H110 L70 40 Z
        trim R48.8 38 2.4 60
        trim M32 102 Q32 95 50 95 Q68 95 68 102 Z
        main M36 6 H64 L78 42 H22 Z
        dim M54 6 H64 L78 42 H56 Z
    bulb: table 0.56 disc dark
        main B50 38 52 2.6 40 150 180 210 240 270 300 330 360 390
        main M50 8 Q80 10 80 40 Q80 54 70 62 Q63 68 62 76 H38 Q37 68 30 62 Q20 54 20 40 Q20 10 50 8 Z
        clear M50 14 Q28 16 27 40 Q31 22 50 14 Z
        trim M44 76 L40 48 L42 47 L50 54 L58 47 L60 48 L56 76 H54 L57 52 L50 58 L43 52 L46 76 Z
        trim R38 78 24 5 2 R38 85 24 5 2 M40 92 H60 Q58 101 50 101 Q42 101 40 92 Z
    guitar: table 0.7 accent dark
        main M50 44 Q66 42 66 54 Q66 60 70 66 Q82 96 50 101 Q18 96 30 66 Q34 60 34 54 Q34 42 50 44 Z
        dim M52 44 Q66 42 66 54 Q66 60 70 66 Q82 96 52 101 Q70 78 52 44 Z
        trim O50 70 8 R40 84 20 3.6 1 R46.8 4 6.4 64 R44 -8 12 15 2
        light R48.2 4 0.5 82 R50 4 0.5 82 R51.6 4 0.5 82
    camera: table 0.4 accent dark
        trim M34 34 L40 22 H60 L66 34 Z R16 28 12 6 2
        main R2 34 96 66 8
        trim R2 50 96 34
        light O50 66 25
        dark O50 66 20
        glass O50 66 12
        clear O45 60 4
        glow R78 40 12 6 2
    clock: table 0.5 accent light
        dark M24 88 L18 102 H24 L32 92 Z M76 88 L82 102 H76 L68 92 Z
        main O50 52 46
        trim O50 52 39
        dark B50 52 37 2 32 0 30 60 90 120 150 180 210 240 270 300 330
        dark B50 52 28 2.6 0 -90 B50 52 20 3.4 0 30
        main O50 52 3.4
    watch: table 0.6 accent dark
        trim M36 30 L40 -4 H60 L64 30 Z M36 72 L40 104 H60 L64 72 Z
        main O50 51 30 R79 47 6 8 2
        light O50 51 24
        dark B50 51 17 2 0 -90 B50 51 13 2.6 0 20 O50 51 2.4
    headphones: table 0.5 accent dark
        trim M12 66 C12 -6 88 -6 88 66 H80 C80 8 20 8 20 66 Z
        main R6 56 22 42 9 R72 56 22 42 9
        dim R22 60 8 34 4 R70 60 8 34 4
    shoe: table 0.34 accent light
        main M2 30 Q20 38 34 24 Q42 44 62 56 Q96 62 102 84 V92 H-4 Q-6 56 2 30 Z
        trim M-5 88 H103 Q106 102 94 102 H2 Q-8 102 -5 88 Z
        trim B40 46 14 3 0 -40 B47 53 14 3 0 -42 B55 58 14 3 0 -44
        shade M2 30 Q16 36 26 30 Q30 60 12 88 H-4 Q-6 56 2 30 Z
    bag: table 0.5 accent dark
        trim M34 40 C34 2 66 2 66 40 H62 C62 8 38 8 38 40 Z
        main M14 34 H86 L92 102 H8 Z
        dim M70 34 H86 L92 102 H70 Z
        light O50 68 11
    gift: table 0.44 accent light
        trim M50 28 Q24 26 26 10 Q30 -2 50 28 Q70 -2 74 10 Q76 26 50 28 Z
        main R12 40 76 62 2
        shade R6 28 88 18 2
        trim R43 28 14 74
        dim R70 46 18 56
    candle: table 0.5 light accent
        clear O50 16 24
        disc M50 0 Q62 16 50 28 Q38 16 50 0 Z
        dark R49.2 24 1.6 8
        main R38 32 24 70 3
        dim R52 32 10 70
        trim M24 96 H76 Q76 102 70 102 H30 Q24 102 24 96 Z
    umbrella: table 0.5 accent light
        dark R49 46 2.4 46 M49 92 H51.4 Q52 97 56 97 Q60 97 60 92 H62.4 Q62.6 101 56 101 Q49 101 49 92 Z
        main M2 52 Q6 8 50 6 Q94 8 98 52 Q90 44 82 52 Q74 44 66 52 Q58 44 50 52 Q42 44 34 52 Q26 44 18 52 Q10 44 2 52 Z
        trim M34 52 Q36 14 50 6 Q64 14 66 52 Q58 44 50 52 Q42 44 34 52 Z
        dim M50 6 Q94 8 98 52 Q90 44 82 52 Q80 20 50 6 Z
    heart: table 0.5 accent light
        main M50 98 C-14 52 2 6 28 8 C42 9 48 20 50 26 C52 20 58 9 72 8 C98 6 114 52 50 98 Z
        dim M72 8 C98 6 114 52 50 98 C86 60 92 30 72 8 Z
        clear M16 34 Q18 20 28 19 Q20 26 21 42 Q16 40 16 34 Z
    trophy: table 0.52 disc dark
        shade M24 14 H8 Q8 44 32 48 V41 Q16 38 16 21 H24 Z M76 14 H92 Q92 44 68 48 V41 Q84 38 84 21 H76 Z
        main M24 6 H76 Q78 56 50 60 Q22 56 24 6 Z R46 58 8 20
        dim M60 6 H76 Q78 56 50 60 Q62 42 60 6 Z
        main M36 76 H64 L66 84 H34 Z
        trim R28 84 44 18 2
    envelope: table 0.36 light accent
        main R0 30 100 70 4
        dim M0 98 L42 62 H58 L100 98 Q99 100 96 100 H4 Q1 100 0 98 Z
        tint M1 32 L50 76 L99 32 Q98 30 95 30 H5 Q2 30 1 32 Z
        trim O50 66 9
    gear: table 0.5 accent light
        main B50 52 44 15 0 0 45 90 135 180 225 270 315
        main O50 52 34
        trim O50 52 15
        dim M50 18 Q84 20 84 52 Q84 86 50 86 Q74 70 74 52 Q74 32 50 18 Z
    chart: table 0.5 accent light
        dark R4 98 92 3 R4 6 3 94
        tint R16 66 14 32 1.5
        main R36 48 14 50 1.5 R76 14 14 84 1.5
        shade R56 34 14 64 1.5
        dark M16 52 L42 34 L62 22 L84 2 L85.6 4 L63 25 L43 37 L17 54.6 Z
        dark O17 53 2.6 O42.6 35.6 2.6 O62.6 23.6 2.6 O84.6 3 2.6
    crown: table 0.4 disc accent
        main M8 86 L2 36 L28 58 L50 20 L72 58 L98 36 L92 86 Z R8 90 84 12 2
        dim M50 20 L72 58 L98 36 L92 86 H62 Z
        trim O50 18 5 O2 34 4.4 O98 34 4.4 O50 96 3.4 O28 96 3.4 O72 96 3.4
    diamond: table 0.44 accent light
        main M22 24 H78 L98 48 L50 102 L2 48 Z
        tint M22 24 L34 48 H2 Z M50 24 L66 48 H34 Z
        clear M78 24 L66 48 H98 Z
        shade M34 48 H66 L50 102 Z
        dim M66 48 H98 L50 102 Z
""")
