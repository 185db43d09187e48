"""Sliders that work in a notebook and, with no kernel, in the built page."""

from bpcourse.explore.bill import Bill
from bpcourse.explore.circuit import Circuit
from bpcourse.explore.derivatives import Derivatives
from bpcourse.explore.difference import DifferenceStep
from bpcourse.explore.hill import Hill
from bpcourse.explore.machines import Machines
from bpcourse.explore.names import Names
from bpcourse.explore.network import Network
from bpcourse.explore.one_logit import OneLogit
from bpcourse.explore.one_weight import OneWeight
from bpcourse.explore.product import Product
from bpcourse.explore.recurrence import Recurrence
from bpcourse.explore.steps import Steps
from bpcourse.explore.v_curve import VCurve
from bpcourse.explore.xor import Xor

__all__ = [
    "Bill", "Circuit", "Derivatives", "DifferenceStep", "Hill", "Machines", "Names", "Network", "OneLogit", "OneWeight",
    "Product", "Recurrence", "Steps", "VCurve", "Xor",
]  # fmt: skip
