"""People, animals and other creatures."""

from __future__ import annotations

from collections.abc import Mapping

from mediasmith_sketch.drawing.figure import Figure, figures

LIVING: Mapping[str, Figure] = figures("""
    portrait: table 0.82 accent dark
        trim M24 62 Q20 10 50 8 Q80 10 76 62 Q78 74 70 78 H30 Q22 74 24 62 Z
        main M4 102 Q6 80 30 75 Q44 72 50 72 Q56 72 70 75 Q94 80 96 102 Z
        skin M42 56 H58 V72 Q58 82 50 82 Q42 82 42 72 Z
        dim M42 60 Q50 70 58 60 V68 Q50 76 42 68 Z
        skin M33 34 Q33 18 50 18 Q67 18 67 34 V46 Q66 62 50 64 Q34 62 33 46 Z
        trim M31 42 Q28 14 52 13 Q72 14 69 42 Q67 30 58 25 Q46 33 34 32 Q32 36 31 42 Z
        blush O39.5 49 3.6 2.6 O60.5 49 3.6 2.6
        dark M41 41 Q43 39.4 45 41 L44.6 42 Q43 41 41.4 42 Z M55 41 Q57 39.4 59 41 L58.6 42 Q57 41 55.4 42 Z
        blush M46 55 Q50 58.4 54 55 Q50 56.4 46 55 Z
        dim M50 42 L48 50 L51 50.6 L50.6 49.8 L49.2 49.4 Z
    man: table 0.8 accent dark
        main M2 102 Q4 80 30 74 Q44 71 50 71 Q56 71 70 74 Q96 80 98 102 Z
        skin M41 54 H59 V71 Q58 80 50 81 Q42 80 41 71 Z
        dim M41 58 Q50 69 59 58 V66 Q50 75 41 66 Z
        skin O30.6 42 3.4 5 O69.4 42 3.4 5
        skin M32 32 Q32 16 50 16 Q68 16 68 32 V46 Q66 63 50 65 Q34 63 32 46 Z
        trim M31 40 Q27 10 50 9 Q58 6 66 13 Q75 22 69 40 Q68 30 62 25 Q48 29 38 24 Q33 30 31 40 Z
        dark M38 36.4 Q42 34.4 46 36 V37.4 Q42 36.2 38 37.8 Z M54 36 Q58 34.4 62 36.4 V37.8 Q58 36.2 54 37.4 Z
        dark O42 41.6 1.3 O58 41.6 1.3
        dim M50 41 L47.4 50 L51.4 50.8 L51 49.8 L49 49.2 Z
        dark M45 56.4 Q50 58.8 55 56.4 Q50 57.6 45 56.4 Z
        light M41 73 L50 84 L59 73 L63 76 L52 94 L50 88 L48 94 L37 76 Z
    person: land 0.26 accent dark
        trim M44 66 H56 L57 102 H51.6 L50 76 L48.4 102 H43 Z
        main M42 40 Q50 34 58 40 L60 70 H40 Z
        main M42 41 L36 64 L38.6 65 L45 48 Z M58 41 L64 64 L61.4 65 L55 48 Z
        skin O50 28 6.4
        trim M43.4 28 Q43 20.6 50 20.4 Q57 20.6 56.6 28 Q54 24 50 24.6 Q46 24 43.4 28 Z
    cat: land 0.34 dark light
        main M66 98 Q92 96 88 70 Q87 60 79 60 Q75 61 78 68 Q83 84 66 88 Z
        main M32 102 Q26 76 38 58 Q34 50 34 40 L33 20 L43 30 Q50 27 57 30 L67 20 L66 40 Q66 50 62 58 Q74 76 68 102 Z
        shade M43 102 Q40 84 46 72 H54 Q60 84 57 102 Z
        #f4c04e O43.6 41.6 3.2 3.6 O56.4 41.6 3.2 3.6
        dark O43.6 41.6 1 3.2 O56.4 41.6 1 3.2
        blush M48.2 47 H51.8 L50 49.4 Z M36 26 L36.4 33 L41 31 Z M64 26 L63.6 33 L59 31 Z
    dog: land 0.36 fur light
        main M64 96 Q84 94 90 76 Q91 72 87 72 Q80 84 64 84 Z
        main M33 102 Q28 74 40 58 H60 Q72 74 67 102 Z
        trim M43 102 Q40 80 46 62 H54 Q60 80 57 102 Z
        main M34 38 Q34 22 50 22 Q66 22 66 38 Q66 62 50 63 Q34 62 34 38 Z
        shade M37 26 Q26 24 25 42 Q25 56 32 57 Q38 52 37 26 Z M63 26 Q74 24 75 42 Q75 56 68 57 Q62 52 63 26 Z
        trim M42 50 Q43 42 50 42 Q57 42 58 50 Q58 60 50 60.4 Q42 60 42 50 Z
        dark O43 38 2.2 2.6 O57 38 2.2 2.6 M46 46 Q50 43.6 54 46 Q53 50 50 50.4 Q47 50 46 46 Z
        dark R49.5 50 1 5
    fox: land 0.34 fur light
        main M60 102 Q100 104 96 66 Q92 54 84 62 Q88 82 60 88 Z
        trim M96 66 Q92 54 84 62 Q85.4 68 85 72 Q92 74 96 66 Z
        main M34 102 Q28 78 42 58 H58 Q72 78 66 102 Z
        trim M43 102 Q40 84 50 66 Q60 84 57 102 Z
        main M26 12 L42 27 Q50 24 58 27 L74 12 Q76 36 68 46 Q58 58 50 62 Q42 58 32 46 Q24 36 26 12 Z
        trim M31 44 Q42 44 50 60 Q58 44 69 44 Q60 57 50 62 Q40 57 31 44 Z
        dark M29 18 L38 28 Q33 30 31 35 Z M71 18 L62 28 Q67 30 69 35 Z
        dark O42 41 2 2.4 O58 41 2 2.4 M47 57.6 Q50 55.6 53 57.6 Q52 61 50 62 Q48 61 47 57.6 Z
    bear: land 0.36 bark light
        main M26 102 Q20 66 40 52 H60 Q80 66 74 102 Z
        main O33 22 8 O67 22 8 O50 38 23 21
        shade O33 22 4 O67 22 4 M38 102 Q36 76 50 74 Q64 76 62 102 Z
        trim O50 46 10 8
        dark O41 35 2 2.4 O59 35 2 2.4 O50 43 3.6 2.6 R49.5 44 1 5
    rabbit: land 0.32 light blush
        main M30 102 Q24 74 42 60 H58 Q76 74 70 102 Z
        main O41 20 6 20 O59 20 6 20
        blush O41 21 2.8 14 O59 21 2.8 14
        main O50 48 18 17
        dark O43 46 1.8 2.4 O57 46 1.8 2.4
        blush M48 52 H52 L50 54.6 Z
        dim M40 102 Q40 82 50 80 Q60 82 60 102 Z
    owl: land 0.32 bark light
        main M24 60 Q22 26 28 14 L40 22 Q50 19 60 22 L72 14 Q78 26 76 60 Q74 96 50 100 Q26 96 24 60 Z
        tint M36 60 Q50 54 64 60 Q66 88 50 94 Q34 88 36 60 Z
        shade M24 56 Q30 80 40 96 Q22 88 24 56 Z M76 56 Q70 80 60 96 Q78 88 76 56 Z
        trim O39.6 38 10.4 O60.4 38 10.4
        dark O40.6 38 5 O59.4 38 5
        light O42.4 36 1.6 O61.2 36 1.6
        #f0a63a M47 43 H53 L50 50 Z
    penguin: land 0.3 dark light
        #f0a63a O41 100 9 3 O59 100 9 3
        main M28 62 Q26 10 50 8 Q74 10 72 62 Q76 98 50 100 Q24 98 28 62 Z
        main M29 46 Q16 62 18 80 Q26 74 32 62 Z M71 46 Q84 62 82 80 Q74 74 68 62 Z
        trim M37 36 Q36 24 43.6 24 Q50 25 50 30 Q50 25 56.4 24 Q64 24 63 36 Q70 92 50 95 Q30 92 37 36 Z
        dark O43.6 32 1.8 2.2 O56.4 32 1.8 2.2
        #f0a63a M46 37 H54 L50 42 Z
    elephant: land 0.34 hide light
        main M34 46 Q66 32 86 50 Q94 60 91 78 L92 70 Q96 82 93 86 Q89 80 90 74 V102 H78 V80 H54 V102 H42 V78 Z
        dim R78 78 12 24 R42 78 12 24
        main M44 44 Q24 34 16 52 Q12 66 14 84 Q15 92 9 92 Q6 92 6 88 H2 Q2 98 10 98 Q21 98 21 84 Q22 74 28 72
        Q44 74 48 60 Z
        trim M19 72 Q20 82 29 82 Q25 78 25 71 Z
        shade M36 44 Q56 34 60 52 Q60 70 46 74 Q34 66 36 44 Z
        dark O24 56 1.8
    deer: land 0.4 fur light
        dark M36 30 Q24 22 26 4 H28 Q28 12 31 17 Q31 8 35 3 L36.6 4 Q33 12 34 20 Q36 24 39 28 Z
        dark M40 30 Q42 18 52 12 Q50 8 51 2 H53 Q53 8 54 10 Q58 7 60 2 L61.6 3 Q60 10 54 14 Q46 19 44 30 Z
        main M24 39 Q28 30 38 29 Q43 29 46 33 L52 52 H78 Q86 54 87 64 L88 102 H84 L81 78 L76 76 V102 H72 L70 76 H54
        L53 102 H49 L48 78 L44 102 H40 L42 66 Q40 54 38 44 L26 43 Z
        shade M43 30 Q52 24 56 27 Q52 34 46 35 Z
        trim M85 54 Q92 52 90 62 Q87 62 85 58 Z M42 66 Q48 74 54 76 L52 70 Q46 64 44 54 L40 52 Q42 60 42 66 Z
        dark O36 35 1.4 O25 40.6 1.8
    bird: table 0.36 accent dark
        dark R45 84 1.4 18 R54 84 1.4 18 R41 100.6 8 1.4 R50 100.6 8 1.4
        shade M64 70 L98 78 L96 86 L60 84 Z
        main M22 46 Q22 26 40 26 Q54 27 57 42 Q74 48 80 72 Q72 90 48 89 Q22 86 22 46 Z
        tint M24 52 Q30 72 48 80 Q38 90 30 76 Q24 66 24 52 Z
        trim M44 54 Q68 50 88 78 Q58 84 44 54 Z
        #f0a63a M23 38 L8 44 L23 48 Z
        dark O33.6 39 2.6
        light O34.4 38.2 0.9
    birds: air 0.16 dark dark
        main M4 44 Q18 34 26 48 Q34 34 48 42 Q34 41 26.4 55 Q18 42 4 44 Z
        main M54 24 Q66 16 72 28 Q79 16 91 22 Q79 22 72.4 34 Q66 22 54 24 Z
        main M58 72 Q68 65 74 75 Q80 65 91 70 Q80 70 74.4 80 Q68 70 58 72 Z
    butterfly: air 0.2 accent light
        main M49 50 Q30 6 8 18 Q-2 44 46 56 Z M51 50 Q70 6 92 18 Q102 44 54 56 Z
        shade M48 56 Q14 58 18 80 Q30 98 49 62 Z M52 56 Q86 58 82 80 Q70 98 51 62 Z
        trim O22 30 5 O78 30 5 O30 76 4 O70 76 4
        dark O50 56 2.2 18 O50 36 3 M49 34 Q42 20 36 18 L37 16.4 Q45 20 50 33 Q55 20 63 16.4 L64 18 Q58 20 51 34 Z
    fish: deep 0.2 accent light
        shade M72 50 L100 28 Q92 50 100 74 Z M42 30 Q54 8 70 28 Z M48 72 Q54 88 64 72 Z
        main M2 52 Q22 22 50 24 Q70 28 82 50 Q70 74 50 78 Q22 80 2 52 Z
        trim M34 27 Q40 50 34 76 L40 77 Q48 50 41 25 Z M56 25.4 Q62 50 56 76.6 L62 75 Q68 50 62 28 Z
        light O20 46 5.4
        dark O19 46 2.8
    whale: water 0.22 hide light
        light M26 34 Q14 30 10 14 Q22 18 27 32 Q32 18 44 14 Q40 30 28 34 Z
        main M-6 100 Q-6 50 34 44 Q74 40 90 84 Q98 84 100 66 Q90 58 92 44 Q102 48 106 58 Q112 50 122 48 Q122 62 110 68
        Q108 92 96 100 Z
        tint M-6 100 Q-5 88 0 78 Q30 92 72 86 Q80 92 84 100 Z
        dark O14 76 2.2
    robot: table 0.62 light accent
        dark R49 6 2 12
        trim O50 6 4
        shade R36 88 10 14 2 R54 88 10 14 2 R12 58 9 28 4.5 R79 58 9 28 4.5
        main R24 54 52 38 8
        shade R44 46 12 10
        main R26 16 48 34 10
        trim R20 28 6 10 2 R74 28 6 10 2
        dark R31 22 38 22 7
        glass O41 33 4.4 O59 33 4.4
        trim O50 72 8
        light O50 72 4
        dim M64 54 H68 Q76 54 76 62 V84 Q76 92 68 92 H62 Z
    astronaut: table 0.6 light accent
        shade R30 46 40 36 6
        main M30 56 Q12 60 12 82 Q13 88 19 87 Q22 74 32 72 Z M70 56 Q88 60 88 82 Q87 88 81 87 Q78 74 68 72 Z
        main R36 78 12 24 4 R52 78 12 24 4
        main R31 48 38 38 10
        trim R35 94 14 8 3 R51 94 14 8 3 R40 60 20 12 2
        light R43 63 4 2 R43 67 8 2 O56 66 2
        main O50 30 23 22
        dark R33 17 34 25 12
        clear M38 22 Q46 18 56 20 Q44 24 40 34 Q36 30 38 22 Z
""")
