"""The English names of the languages that providers speak, with their ISO 639 codes."""

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

LANGUAGES: Mapping[str, str] = {
    **dict(zip(_words[::2], _words[1::2], strict=True)),
    "american english": "en-US",
    "british english": "en-GB",
    "brazilian portuguese": "pt-BR",
    "european portuguese": "pt-PT",
    "mexican spanish": "es-MX",
    "simplified chinese": "zh-Hans",
    "traditional chinese": "zh-Hant",
}
"""Language tags by English name, in lower case."""
