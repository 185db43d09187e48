"""Pictures: what chapters and explorers draw, in the book's colours.

Read `svg` (colours and pieces) and `words` (what those hear who do not see a picture),
then `circuit` (a graph as gates and wires) and
`network` (units, weights and their paths). `plots` draws curves; it alone loads
matplotlib. Chapters reach all of them through `bpcourse.figures`.
"""
