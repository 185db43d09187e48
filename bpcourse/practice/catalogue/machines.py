"""Mistakes of training on more than one machine.

Book: chapter 20.
"""

from __future__ import annotations

from bpcourse.practice.rules import Mistake, rounded

_SUM, _RING, _WORTH = "Two machines, four examples", "Round the ring", "When is it worth it?"
_LATE, _LESS = "A gradient that comes late", "Send less, and remember the rest"

# fmt: off
ROWS: list[Mistake] = [
    Mistake("batch forgotten", ("products of a batch",), "{P}", lambda P: P,
            "The count of one example is taken for the batch.", "Each example runs forward and back by itself.", "20", _WORTH),
    Mistake("way back forgotten", ("products of a batch",), "{m} \\cdot {N}", lambda m, N: m * N,
            "One product a weight is the way forward alone.", "A gradient runs back, too: up to two more products a weight.",
            "20", _WORTH),
    Mistake("average of averages", ("mean from the sums",), "({S1}/{m1} + {S2}/{m2})/2",
            lambda S1, S2, m1, m2: (S1 / m1 + S2 / m2) / 2,
            "Two machines, so the half of their means.", "An example on the smaller machine would count for more.", "20", _SUM),
    Mistake("averages added", ("mean from the sums",), "{S1}/{m1} + {S2}/{m2}", lambda S1, S2, m1, m2: S1 / m1 + S2 / m2,
            "Sums are added, so means seem to be.", "Give both machines the same examples: the mean must not change.", "20", _SUM),
    Mistake("divided by the machines", ("mean from the sums",), "({S1} + {S2})/2", lambda S1, S2: (S1 + S2) / 2,
            "Two sums came in.", "The mean is over the examples, not over the machines.", "20", _SUM),
    Mistake("not divided by m", ("mean from the sums",), "{S1} + {S2}", lambda S1, S2: S1 + S2,
            "The sum is left as it is.", "Twice the examples would take a step twice as long.", "20", _SUM),
    Mistake("one machine's sum", ("mean from the sums",), "{S1} / {m1}", lambda S1, m1: S1 / m1,
            "The other machine's sum has not been waited for.", "The other examples must count, too.", "20", _SUM),
    Mistake("only one way round", ("sent round the ring",), "({n} - 1)\\,{G} / {n}", lambda n, G: (n - 1) * G / n,
            "The pieces are added up and not handed out.", "After one way round each machine has one finished piece.", "20", _RING),
    Mistake("whole gradient in every message", ("sent round the ring",), "2\\,({n} - 1)\\,{G}", lambda n, G: 2 * (n - 1) * G,
            "The messages are counted, not their size.", "A message is one piece: an n-th of the gradient.", "20", _RING),
    Mistake("n messages each way", ("sent round the ring",), "2\\,{G}", lambda G: 2 * G,
            "A ring of n has n lines.", "Each piece needs n − 1 moves to pass all machines.", "20", _RING),
    Mistake("gradient sent once", ("sent round the ring",), "{G}", lambda G: G,
            "Each machine seems to send its gradient and be done.", "It must pass on what others have added, too.", "20", _RING),
    Mistake("sizes multiplied", ("seconds of sending",), "{sent} \\cdot {beta}", lambda sent, beta: sent * beta,
            "The line's speed is a factor.", "A faster line takes less time.", "20", _WORTH),
    Mistake("quotient turned round", ("seconds of sending",), "{beta} / {sent}", lambda sent, beta: beta / sent,
            "The two numbers change places.", "More bytes take more time.", "20", _WORTH),
    Mistake("work not shared", ("share of the work",), "{T}", lambda T: T,
            "Each machine seems to do the whole step.", "Each has its own part of the examples.", "20", _WORTH),
    Mistake("sending forgotten", ("computing and sending",), "{c}", lambda c: c,
            "Only what a processor does is counted.", "Nobody takes a step before the gradients are there.", "20", _WORTH),
    Mistake("sending shared, too", ("computing and sending",), "{c} + {s}/{n}", lambda c, s, n: c + s / n,
            "All work seems to be shared by n.", "The seconds of sending are those of each machine already.", "20", _WORTH),
    Mistake("sending taken off", ("computing and sending",), "{c} - {s}", lambda c, s: c - s,
            "The two times are played against each other.", "First compute, then send: the times add.", "20", _WORTH),
    Mistake("quotient turned round", ("speed-up",), "{t} / {T}", lambda T, t: t / T,
            "The share of the time is taken for the speed-up.", "Half the time is a speed-up of 2.", "20", _WORTH),
    Mistake("sending forgotten in the speed-up", ("speed-up",), "{T} / {c}", lambda T, c: T / c,
            "n machines seem to be n times as fast.", "The step takes computing and sending.", "20", _WORTH),
    Mistake("seconds saved", ("speed-up",), "{T} - {t}", lambda T, t: T - t,
            "What is won is given in seconds.", "A speed-up is a ratio: how many times as fast.", "20", _WORTH),
    Mistake("fresh gradient used", ("step with a late gradient",), "{w} - {q}\\,{w}", lambda w, q: w - q * w,
            "That is the step without delay.", "The gradient that arrives belongs to the weight of a step ago.", "20", _LATE),
    Mistake("step made from the old place", ("step with a late gradient",), "{old} - {q}\\,{old}", lambda q, old: old - q * old,
            "Weight and gradient are both taken from a step ago.", "The weight itself is here: only the gradient is late.",
            "20", _LATE),
    Mistake("old and new swapped", ("step with a late gradient",), "{old} - {q}\\,{w}", lambda w, q, old: old - q * w,
            "The two weights change places.", "The weight is here, the gradient is late.", "20", _LATE),
    Mistake("sign of the update", ("step with a late gradient",), "{w} + {q}\\,{old}", lambda w, q, old: w + q * old,
            "The first chapters climb, so the sign is a plus there.", "The loss must fall: go against the gradient.", "20", _LATE),
    Mistake("step taken for the new weight", ("step with a late gradient",), "-{q}\\,{old}", lambda q, old: -q * old,
            "The change is computed and not added.", "A small step leaves the weight near where it was.", "20", _LATE),
    Mistake("what was kept is forgotten", ("gradient with what was kept",), "{g}", lambda g: g,
            "The next gradient is rounded by itself.", "Add first what the last rounding left over.", "20", _LESS),
    Mistake("what was kept taken off", ("gradient with what was kept",), "{g} - {e}", lambda g, e: g - e,
            "An error looks like something to subtract.", "It is a part of the gradient that was not sent: it is still due.",
            "20", _LESS),
    Mistake("not rounded", ("rounded to a whole number",), "{v}", lambda v: v,
            "The number is sent as it is.", "Only whole numbers go over the line.", "20", _LESS),
    Mistake("always rounded down", ("rounded to a whole number",), "\\lfloor {v} \\rfloor", lambda v: rounded(v - 0.5, 0),
            "The decimals are struck out.", "Take the nearest whole number.", "20", _LESS),
    Mistake("error with the sign turned", ("error kept",), "{s} - {v}", lambda v, s: s - v,
            "What was sent too much is noted, in place of what is still due.", "Sent and kept together must be the number itself.",
            "20", _LESS),
    Mistake("what was sent is kept", ("error kept",), "{s}", lambda s: s,
            "The wrong one of the two parts is remembered.", "What was sent has arrived: it is no longer due.", "20", _LESS),
    Mistake("error of this gradient alone", ("error kept",), "{g} - {s}", lambda g, s: g - s,
            "What was added from before is left out of the account.", "Rounded was the gradient with what was kept.", "20", _LESS),
    Mistake("last message only", ("sum of what was sent",), "{s3}", lambda s3: s3,
            "The last message seems to hold the others.", "The weight has moved three times.", "20", _LESS),
]
# fmt: on
"""The rows of the catalogue for machines."""
