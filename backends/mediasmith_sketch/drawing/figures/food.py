"""Food and drink."""

from __future__ import annotations

from collections.abc import Mapping

from mediasmith_sketch.drawing.figure import Figure, figures

FOOD: Mapping[str, Figure] = figures("""
    bottle: table 0.66 accent light
        dark R43 0 14 13 2
        main M44 13 H56 V26 Q56 32 62 36 Q70 41 70 52 V94 Q70 102 62 102 H38 Q30 102 30 94 V52 Q30 41 38 36 Q44 32 44 26
        Z
        trim R30 58 40 26
        main R37 66 26 2.4 R42 72 16 1.8
        dim M58 13 V26 Q58 32 62 36 Q70 41 70 52 V94 Q70 102 62 102 H58 Z
        clear R35 48 3 48 1.5
    cup: table 0.4 accent light
        clear M40 36 Q32 26 40 16 Q46 8 41 0 Q52 8 46 18 Q40 26 43 36 Z M57 36 Q50 27 57 18 Q62 11 58 4 Q68 11 63 20
        Q58 28 60 36 Z
        main M76 52 H84 Q96 52 96 66 Q96 82 74 84 V77 Q88 76 88 66 Q88 59 82 59 H76 Z
        main M18 44 H80 Q82 84 66 96 H32 Q16 84 18 44 Z
        dark O49 45 31 5
        shade O49 46 27 3.4
        dim M62 48 H80 Q82 84 66 96 H54 Q66 78 62 48 Z
        trim M8 96 H90 Q84 102 74 102 H24 Q14 102 8 96 Z
    glass: table 0.56 accent light
        clear M26 8 H74 Q78 54 52 58 V92 H66 Q70 98 70 102 H30 Q30 98 34 92 H48 V58 Q22 54 26 8 Z
        main M26.4 26 H73.6 Q73 52 50 54 Q27 52 26.4 26 Z
        dim M60 26 H73.6 Q73 52 50 54 Q60 44 60 26 Z
        clear R31 14 2.4 26 1.2
    apple: table 0.42 accent dark
        trim M49 28 Q48 14 56 6 L59 8 Q52 16 52 28 Z
        green M53 20 Q60 4 80 8 Q76 24 53 20 Z
        main M50 28 Q70 16 84 32 Q96 56 78 86 Q66 106 50 98 Q34 106 22 86 Q4 56 16 32 Q30 16 50 28 Z
        dim M74 24 Q96 40 88 66 Q78 102 56 101 Q88 74 74 24 Z
        clear M24 40 Q30 30 38 32 Q26 42 25 58 Q20 50 24 40 Z
    fruit: table 0.4 accent light
        green M50 16 Q60 0 82 6 Q76 22 50 16 Z
        main O50 58 43 43
        dim M76 24 Q100 48 84 82 Q68 104 40 100 Q92 84 76 24 Z
        clear O34 42 8 6
        dark O50 17 2
    cake: table 0.42 accent light
        disc M50 0 Q57 10 50 16 Q43 10 50 0 Z
        dark R48.6 14 2.8 18
        main R14 58 72 42 3
        shade R14 76 72 6
        trim M12 46 Q12 32 26 32 H74 Q88 32 88 46 V58 Q84 68 78 60 Q72 54 66 64 Q60 74 53 62 Q46 54 40 64 Q33 72 27 60
        Q20 54 12 62 Z
        light M0 98 H100 V102 H0 Z
    burger: table 0.4 disc accent
        main R8 80 84 20 9
        dark R6 68 88 14 6
        trim M6 62 H94 V68 L80 76 L68 68 L54 76 L40 68 L26 76 L14 68 L6 70 Z
        green M2 58 Q12 50 20 58 Q30 50 40 58 Q50 50 60 58 Q70 50 80 58 Q90 50 98 58 Q94 66 88 64 H12 Q4 66 2 58 Z
        main M8 54 Q8 16 50 16 Q92 16 92 54 Z
        light O34 32 2.4 1.6 O48 26 2.4 1.6 O62 32 2.4 1.6 O42 40 2.4 1.6 O56 41 2.4 1.6 O72 42 2.4 1.6
    pizza: table 0.5 disc accent
        shade M6 22 Q50 0 94 22 L90 32 Q50 12 10 32 Z
        main M11 31 Q50 12 89 31 L50 102 Z
        trim O40 40 8 O62 38 7 O51 62 7.4 O48 82 4.6
        green O30 34 2.4 O52 48 2.4 O68 50 2.4 O46 74 2
    icecream: table 0.56 accent light
        shade M28 50 H72 L50 104 Z
        dim M50 50 H72 L50 104 Z
        trim O38 40 17 O62 40 17
        main O50 22 19 M26 46 Q32 58 40 48 Q46 58 52 48 Q60 58 66 48 Q72 56 76 44 L74 38 H26 Z
        disc O50 2 5
""")
