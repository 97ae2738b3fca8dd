"""The names of the languages that providers speak, in English and in themselves, with their ISO 639 codes."""

from __future__ import annotations

from collections.abc import Mapping

_PAIRS = """
afrikaans af albanian sq amharic am arabic ar armenian hy assamese as azerbaijani az basque eu belarusian be bengali bn
bosnian bs bulgarian bg burmese my cantonese yue catalan ca cebuano ceb chinese zh croatian hr czech cs danish da
dutch nl english en estonian et filipino fil finnish fi french fr galician gl georgian ka german de greek el gujarati gu
hausa ha hebrew he hindi hi hungarian hu icelandic is igbo ig indonesian id irish ga italian it japanese ja javanese jv
kannada kn kazakh kk khmer km korean ko kurdish ku kyrgyz ky lao lo latin la latvian lv lithuanian lt luxembourgish lb
macedonian mk malay ms malayalam ml maltese mt mandarin zh marathi mr mongolian mn nepali ne norwegian no odia or
pashto ps persian fa farsi fa polish pl portuguese pt punjabi pa romanian ro russian ru serbian sr sindhi sd sinhala si
slovak sk slovenian sl somali so spanish es swahili sw swedish sv tagalog fil tajik tg tamil ta telugu te thai th
turkish tr ukrainian uk urdu ur uzbek uz vietnamese vi welsh cy xhosa xh yoruba yo zulu zu
"""
_words = _PAIRS.split()

_OWN_NAMES = """
العربية ar, български bg, বাংলা bn, català ca, čeština cs, cesky cs, česky cs, dansk da,
deutsch de, ελληνικά el, español es, espanol es, castellano es, eesti et, euskara eu, فارسی fa,
suomi fi, français fr, francais fr, gaeilge ga, galego gl, ગુજરાતી gu, עברית he, हिन्दी hi,
हिंदी hi, hrvatski hr, magyar hu, հայերեն hy, bahasa indonesia id, íslenska is, italiano it,
日本語 ja, ქართული ka, қазақ тілі kk, ಕನ್ನಡ kn, 한국어 ko, lietuvių lt, latviešu lv, македонски mk,
മലയാളം ml, मराठी mr, bahasa melayu ms, nederlands nl, norsk no, ਪੰਜਾਬੀ pa, polski pl,
português pt, portugues pt, română ro, romana ro, русский ru, slovenčina sk, slovenščina sl,
shqip sq, српски sr, srpski sr, svenska sv, kiswahili sw, தமிழ் ta, తెలుగు te, ไทย th, türkçe tr,
turkce tr, українська uk, اردو ur, tiếng việt vi, cymraeg cy, 中文 zh, 汉语 zh, 漢語 zh, 普通话 zh,
简体中文 zh-Hans, 繁體中文 zh-Hant, 粵語 yue, português brasileiro pt-BR
"""

LANGUAGES: Mapping[str, str] = {
    **dict(zip(_words[::2], _words[1::2], strict=True)),
    **{name: tag for name, _, tag in (pair.strip().rpartition(" ") for pair in _OWN_NAMES.split(","))},
    "american english": "en-US",
    "british english": "en-GB",
    "brazilian portuguese": "pt-BR",
    "european portuguese": "pt-PT",
    "mexican spanish": "es-MX",
    "simplified chinese": "zh-Hans",
    "traditional chinese": "zh-Hant",
}
"""Language tags by name, in lower case."""

REGIONS: Mapping[str, str] = dict(
    pair.rsplit(" ", 1)
    for pair in (
        *("united states US", "usa US", "america US", "united kingdom GB", "uk GB", "great britain GB", "britain GB"),
        *("australia AU", "canada CA", "india IN", "ireland IE", "new zealand NZ", "south africa ZA", "brazil BR"),
        *("portugal PT", "spain ES", "mexico MX", "argentina AR", "latin america 419", "france FR", "belgium BE"),
        *("germany DE", "austria AT", "switzerland CH", "netherlands NL", "china CN", "taiwan TW", "hong kong HK"),
        *("singapore SG", "simplified Hans", "traditional Hant", "italy IT", "italia IT", "japan JP", "korea KR"),
        *("deutschland DE", "österreich AT", "schweiz CH", "suisse CH", "españa ES", "méxico MX", "brasil BR"),
    )
)
"""Subtags by the names that lists have in brackets after a language, in lower case."""
