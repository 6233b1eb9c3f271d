"""The words by which series are named, in seven languages: what they say about the role of a volume.

Compiled from science/tables/phantom_series_names.csv and from what scanners write by themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A role, how the word for it is recognised, and how that is said."""

    role: str
    pattern: re.Pattern[str]
    says: str


def _word(role: str, says: str, *patterns: str) -> Word:
    return Word(role, re.compile("|".join(patterns), re.IGNORECASE), says)


# Latin letters end a word here, nothing else does: names join words by underscores, digits and other scripts.
_B, _E = r"(?<![a-z])", r"(?![a-z])"

SUBTRACTION = _word(
    "t1-subtraction", "subtraction", rf"{_B}sub(s|traction|tracted|traktion)?{_E}", "soustraction",
    "sustracci", "减影", "감산", "サブトラクション")
ADC = _word("adc", "ADC", rf"{_B}[de]?adc{_E}", "apparent.diffusion", "表观弥散", "見かけの拡散")
DWI = _word("dwi", "diffusion", rf"{_B}d?dwi(bs)?{_E}", "diff", "difusi", "tracew", "弥散", "扩散", "확산", "拡散",
            rf"{_B}dti{_E}")
HBP = _word(
    "t1-hbp", "hepatobiliary phase", rf"{_B}hbp{_E}", "h[eé]pato.?bili", "leberspez",
    "肝胆", "肝膽", "간담도", "간세포", "肝細胞",
    "肝特异", rf"{_B}hepatocyte", rf"{_B}hb.?phase", r"(?<!\d)(15|20|25)[\s_-]?(min|')",
    rf"{_B}delay(ed)?[\s_-]?(15|20)(?!\d)")
PRE = _word(
    "t1-pre", "before contrast", rf"{_B}pre{_E}", rf"{_B}precontrast", rf"{_B}nativ", rf"{_B}sans.iv{_E}",
    "sin.contraste", rf"{_B}mask{_E}", rf"{_B}non.?contrast", rf"{_B}unenhanced", rf"{_B}w/?o.?contrast",
    rf"{_B}plain{_E}", rf"{_B}c-{_E}",
    rf"{_B}(sans|avant).inj", rf"{_B}simple{_E}", "平扫", "조영전", "비조영", "造影前", "増強前", "增强前", "単純")
ARTERIAL = _word("t1-arterial", "arterial phase", "arteri", rf"{_B}art{_E}", rf"{_B}[ah]ap{_E}", rf"{_B}aph{_E}",
                 rf"{_B}a_phase", "动脉", "動脈", "동맥")
PORTAL = _word(
    "t1-portal", "portal venous phase", rf"{_B}porto?", rf"{_B}pv[pi]?{_E}",
    rf"{_B}ven(ous|osa|eu|[oö]es|ös)?{_E}", "venous", rf"{_B}v_phase", "门脉", "门静脉", "静脉期", "門脈", "문맥")
TRANSITIONAL = _word("t1-transitional", "transitional phase", r"transit(?!.?time)", "transici",
                     rf"{_B}[uü]e?bergang", "移行", "이행", "过渡")
DELAYED = _word(
    "t1-delayed", "late phase", "delay", "equil", "spaet", "spät", "tardi", rf"{_B}late{_E}",
    r"(?<!\d)[35][\s_-]?min", rf"{_B}d_phase", "平衡", "延迟", "遅延", "後期", "지연", "평형")
IN_PHASE = _word("t1-in", "in phase", rf"{_B}in.?phase", rf"{_B}ip{_E}", rf"{_B}inph{_E}",
                 "同相位", "同位相", "동위상", "en.phase", rf"{_B}en.fase{_E}", r"_in$")
OPPOSED = _word("t1-opposed", "opposed phase", rf"{_B}opp(osed)?{_E}", rf"{_B}opp.?ph", rf"{_B}out.?of.?phase",
                rf"{_B}outph", rf"{_B}oop{_E}", "gegenphas", rf"{_B}opposition", rf"{_B}hors.phase", "fuera.de.fase",
                "fase.opuesta", "反相位", "逆位相", "역위상", r"_op$")
T2 = _word("t2", "T2", rf"{_B}t2", "haste", "ssfse", rf"{_B}ss.?tse", "propeller", rf"{_B}blade{_E}", rf"{_B}frfse",
           rf"{_B}fase2d")
LOCALISER = _word(
    "localiser", "localiser", "locali[sz]er", "localizador", "survey", "surview", rf"{_B}scout", "topogram",
    "scanogram", "planscan", rf"{_B}loc{_E}", "3.?plane", "3.?pl.?loc", "定位", "位置決め")
PROJECTION = _word("other", "a projection", rf"{_B}m(in)?ip{_E}")
MASK = _word("mask", "a mask", rf"{_B}segmentation", rf"{_B}masks?{_E}", rf"{_B}label")
CONTRASTED = (HBP, TRANSITIONAL, ARTERIAL, PORTAL, DELAYED, PRE)
"""In the order in which they are tried: the more special before the more general."""

FAT_SATURATED = re.compile(
    rf"{_B}fs{_E}|fat.?sat|fat.?supp|spair|{_B}spir{_E}|stir|压脂|脂肪抑|지방억제|{_B}frfse", re.IGNORECASE)
T1_SEQUENCE = re.compile(
    rf"{_B}t1|vibe|thrive|lava|quick3d|dixon|{_B}fl3d|{_B}spgr|{_B}efgre|{_B}twist|{_B}caipi|{_B}ffe{_E}|wfi|{_B}disco|"
    rf"{_B}grasp|{_B}fame{_E}", re.IGNORECASE)
DUAL_ECHO = re.compile(rf"{_B}dual.?echo|{_B}in.?(and.?)?(out|opp)|{_B}(out|opp).?(and.?)?in{_E}", re.IGNORECASE)
DYNAMIC = re.compile(rf"{_B}dyn|{_B}ph(ase)?.?\d|\+c|{_B}multi.?ph|{_B}perf", re.IGNORECASE)
HEPATOBILIARY_AGENT = re.compile(
    r"gadoxet|primovist|eovist|eob|gadobenat|multihance|普美显|プリモビスト|프리모비스트", re.IGNORECASE)
