"""Plants."""

from __future__ import annotations

from collections.abc import Mapping

from mediasmith_sketch.drawing.figure import Figure, figures

PLANTS: Mapping[str, Figure] = figures("""
    tree: land 0.34 tree dark
        trim M46.6 102 L48 58 H52 L53.4 102 Z M50 78 L61 62 L63 64 L51 84 Z M50 72 L38 58 L36 60 L49 78 Z
        main O50 34 25 O34 48 17 O66 50 18 O50 54 20
        shade M50 74 Q70 76 80 62 Q88 50 78 38 Q82 56 66 63 Q56 68 46 64 Q38 74 50 74 Z
        tint O40 26 8 O31 43 5.6 O56 20 4
    pine: land 0.36 tree dark
        trim R47.6 84 4.8 18
        main M50 4 L66 38 H58 L72 62 H62 L80 90 H20 L38 62 H28 L42 38 H34 Z
        dim M50 4 L66 38 H58 L72 62 H62 L80 90 H50 Z
    palm: land 0.46 tree dark
        trim M44 102 Q46 66 54 36 L57.4 37 Q51 68 51 102 Z
        main M56 36 Q38 18 14 30 Q34 28 56 38 Z M56 36 Q34 30 22 52 Q36 38 56 39 Z
        main M56 36 Q78 16 98 34 Q78 28 56 39 Z M56 36 Q80 32 88 56 Q76 40 56 39 Z
        shade M56 36 Q52 12 30 8 Q48 16 55 38 Z M56 36 Q62 12 84 10 Q66 18 58 38 Z
        shade M56 37 Q48 44 46 60 Q52 48 58 38 Z
        trim O54.5 39.5 2.4 O58.5 40 2.4
    cactus: land 0.32 tree accent
        main R42 16 16 88 8
        main M42 68 H34 Q24 68 24 58 V44 Q24 39 28.6 39 Q33 39 33 44 V56 Q33 59 36 59 H42 Z
        main M58 58 H65 Q75 58 75 48 V36 Q75 31 70.6 31 Q66 31 66 36 V46 Q66 49 63 49 H58 Z
        tint R46 22 1.6 78 0.8 R50.4 22 1.6 78 0.8 R54.6 26 1.4 74 0.7
        trim O50 15 4 O45.5 17 3 O54.5 17 3
    flower: table 0.5 accent disc
        green M49 102 Q47 74 49.4 40 H51.4 Q50 74 52 102 Z
        green M50 86 Q30 84 24 66 Q44 64 50 86 Z M50 76 Q68 74 75 58 Q54 56 50 76 Z
        main O50 18 10 14 O50 50 10 14 O34 34 14 10 O66 34 14 10 O39 23 11 O61 23 11 O39 45 11 O61 45 11
        trim O50 34 11
        dim M50 45 Q61 45 61 34 Q58 42 50 42 Q42 42 39 34 Q39 45 50 45 Z
    sunflower: table 0.55 disc dark
        green M48.4 102 Q47 74 49 44 H52 Q50.6 74 52.4 102 Z
        green M50 88 Q28 88 20 68 Q44 64 50 88 Z M50 78 Q70 78 78 60 Q56 56 50 78 Z
        main B50 34 22 9 8 0 24 48 72 96 120 144 168 192 216 240 264 288 312 336
        main O50 34 20
        trim O50 34 13
        shade O50 34 8
    tulip: table 0.45 accent accent
        green M48.6 102 Q47.6 76 49 48 H51 Q50.6 76 52 102 Z
        green M49 102 Q28 88 26 56 Q46 70 50 98 Z M51 102 Q72 90 75 62 Q55 74 51 98 Z
        shade M36 22 Q42 24 50 14 Q58 24 64 22 Q68 50 50 52 Q32 50 36 22 Z
        main M34 18 Q46 26 50 52 Q30 50 34 18 Z M66 18 Q54 26 50 52 Q70 50 66 18 Z
    plant: table 0.5 accent light
        green M50 74 Q26 62 22 30 Q46 42 51 72 Z M50 74 Q74 60 80 28 Q54 42 49 72 Z
        leaf M50 74 Q38 40 50 8 Q63 40 51 74 Z M50 74 Q28 74 14 56 Q38 52 50 72 Z
        leaf M50 74 Q72 74 87 54 Q62 52 50 72 Z
        main M32 70 H68 L64 100 Q63.6 102 61 102 H39 Q36.4 102 36 100 Z
        shade R30 66 40 8 1.5
        dim M54 74 H67.4 L64 102 H54 Z
    leaf: table 0.5 tree light
        main M50 100 Q14 76 20 36 Q26 14 50 2 Q74 14 80 36 Q86 76 50 100 Z
        dim M50 2 Q74 14 80 36 Q86 76 50 100 Z
        tint M49.2 100 V10 H50.8 V100 Z
        tint B50 40 25 1.2 0 -42 -138 B50 56 25 1.2 0 -42 -138 B50 72 25 1.2 0 -42 -138
    mushroom: land 0.22 accent light
        trim M41 56 Q45 80 38 102 H62 Q55 80 59 56 Z
        dim M41 58 Q50 66 59 58 L58 66 Q50 72 42 66 Z
        main M12 58 Q14 20 50 18 Q86 20 88 58 Q50 68 12 58 Z
        trim O36 36 6 4.6 O58 30 5 3.8 O70 46 6 4.4 O48 50 4.6 3 O26 51 4 3
    bush: land 0.12 tree dark
        main O24 84 22 O50 70 28 O78 82 24 R4 84 96 18
        tint O42 58 7 O22 74 5
    rock: land 0.12 hide dark
        main M8 102 L20 66 L44 44 L70 54 L92 102 Z
        dim M44 44 L70 54 L92 102 H58 Z
""")
