"""Things that travel."""

from __future__ import annotations

from collections.abc import Mapping

from mediasmith_sketch.drawing.figure import Figure, figures

VEHICLES: Mapping[str, Figure] = figures("""
    boat: water 0.3 accent light
        trim M52 8 Q86 44 84 78 H52 Z
        dim M52 8 Q86 44 84 78 H70 Q70 44 52 8 Z
        trim M47 20 Q34 50 18 78 H47 Z
        dark R48.6 4 2 80
        main M12 82 H92 Q86 98 76 101 H26 Q16 96 12 82 Z
        dim M17 92 H89 Q83 100 76 101 H26 Q20 98 17 92 Z
    ship: water 0.26 dark accent
        trim R20 22 13 30 R46 22 13 30 R72 22 13 30
        dark R20 22 13 7 R46 22 13 7 R72 22 13 7
        light R0 62 104 16 R8 48 86 16
        dark R12 53 4 4 2 R4 67 4 4 2 R20 53 4 4 2 R12 67 4 4 2 R28 53 4 4 2 R20 67 4 4 2 R36 53 4 4 2 R28 67 4 4 2
        R44 53 4 4 2 R36 67 4 4 2 R52 53 4 4 2 R44 67 4 4 2 R60 53 4 4 2 R52 67 4 4 2 R68 53 4 4 2 R60 67 4 4 2
        R76 53 4 4 2 R68 67 4 4 2 R84 53 4 4 2 R76 67 4 4 2
        main M-24 76 H124 Q122 94 112 102 H-8 Q-18 92 -24 76 Z
        trim M-12 97 H116 L112 102 H-8 Z
    car: land 0.17 accent light
        main M-20 88 Q-22 66 -4 62 L18 58 Q34 34 52 34 H74 Q94 34 106 58 Q122 62 122 78 V88 Z
        glass M28 58 Q38 41 52 41 H58 V58 Z M63 41 H74 Q88 42 96 58 H63 Z
        dim M-21 80 H122 V90 H-20 Z
        glow O117 70 4 3.4
        dark O10 88 14 O90 88 14
        light O10 88 6 O90 88 6
    bus: land 0.22 accent light
        main R-16 26 132 64 8
        trim R-16 62 132 6
        glass R-8 36 16 20 2 R12 36 16 20 2 R32 36 16 20 2 R52 36 16 20 2 R72 36 16 20 2 R94 36 18 28 3
        dark O12 90 12 O84 90 12
        light O12 90 5 O84 90 5
    train: land 0.22 accent light
        clear O104 12 8 O92 4 10 O76 -4 12
        shade R-76 52 84 42 3
        glow R-66 62 9 10 1.5 R-52.5 62 9 10 1.5 R-39 62 9 10 1.5 R-25.5 62 9 10 1.5 R-12 62 9 10 1.5 R1.5 62 9 10 1.5
        main R14 40 34 54 2 R44 56 66 34 6
        dark R9 34 44 8 2 M96 56 L92 30 H108 L104 56 Z R8 86 6 3
        glass R22 48 18 16 2
        trim R62 56 3 34 R80 56 3 34
        dark M110 78 L124 96 H106 Z
        dark O-62 94 8 O-40 94 8 O-12 94 8 O26 92 11 O56 92 11 O84 94 8 O102 94 8
        light O26 92 4 O56 92 4 O84 94 3 O102 94 3 O-62 94 3 O-40 94 3 O-12 94 3
    bicycle: land 0.22 accent dark
        dim B16 76 21 0.6 0 0 30 60 90 120 150 180 210 240 270 300 330
        B84 76 21 0.6 0 0 30 60 90 120 150 180 210 240 270 300 330
        dark M16 52 C-16 52 -16 100 16 100 C48 100 48 52 16 52 L16 55 C43 55 43 97 16 97 C-11 97 -11 55 16 55 Z
        dark M84 52 C52 52 52 100 84 100 C116 100 116 52 84 52 L84 55 C111 55 111 97 84 97 C57 97 57 55 84 55 Z
        main B16 76 40 3 0 -60 B16 76 32 3 0 0 B48 76 42 3 0 -108 B36 42 33 3 0 0 B48 76 40 3 0 -57 B66 32 48 3 0 67
        dark M60 27 H74 Q80 28 79 34 H76.4 Q76.4 30.4 73 30.4 H60 Z M27 33 H43 L42 37 H30 Z M35 36 H38 L40 45 H37 Z
        dark O48 76 4.6
    plane: air 0.2 light accent
        trim M-16 20 L6 18 L22 52 L0 54 Z
        main M-8 52 Q40 40 104 44 Q122 48 120 58 Q114 68 90 68 H20 Q-2 66 -8 52 Z
        dim M-6 56 Q40 62 120 58 Q114 68 90 68 H20 Q0 66 -6 56 Z
        dark M104 47 Q113 48 116 53 H104 Z O84 52 2 O74 52 2 O64 52 2 O54 52 2 O44 52 2
        trim M76 60 L48 60 L16 92 L30 92 Z
        shade M74 44 L58 44 L42 20 L52 20 Z
    balloon: air 0.3 accent light
        main M50 0 Q86 2 86 36 Q84 56 58 76 H42 Q16 56 14 36 Q14 2 50 0 Z
        trim M50 0 Q70 6 70 36 Q68 58 54 76 H46 Q32 58 30 36 Q30 6 50 0 Z
        main M50 0 Q57 6 57 36 Q56 58 52 76 H48 Q44 58 43 36 Q43 6 50 0 Z
        dim M62 2 Q86 8 86 36 Q84 56 58 76 H54 Q78 46 62 2 Z
        dark M43 76 L45 88 H45.8 L44 76 Z M57 76 L55 88 H54.2 L56 76 Z
        dark M43.6 87 H56.4 L55 100 H45 Z
    rocket: air 0.42 light accent
        disc M42 82 Q36 96 50 120 Q64 96 58 82 Z
        light M46 82 Q43 92 50 106 Q57 92 54 82 Z
        trim M36 50 Q20 62 20 86 L38 76 Z M64 50 Q80 62 80 86 L62 76 Z
        main M50 -6 Q72 18 66 60 L61 82 H39 L34 60 Q28 18 50 -6 Z
        trim M50 -6 Q61 5 65 22 H35 Q39 5 50 -6 Z
        dim M50 -6 Q72 18 66 60 L61 82 H54 Q62 40 50 -6 Z
        dark O50 40 8.4 R39 78 22 5 1
        glass O50 40 6
    ufo: air 0.18 light accent
        beam M30 66 L-6 190 H106 L70 66 Z
        glass M28 46 Q30 16 50 16 Q70 16 72 46 Z
        main O50 54 56 15
        dim M-6 54 Q50 84 106 54 Q100 69 50 69 Q0 69 -6 54 Z
        trim M24 46 Q50 56 76 46 Q70 40 50 40 Q30 40 24 46 Z
        disc O14 58 3.4 O38 62.6 3.4 O62 62.6 3.4 O86 58 3.4
""")
