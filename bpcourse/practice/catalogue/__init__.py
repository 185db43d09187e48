"""The rows of the catalogue of mistakes, part by part.

`forward` and `backward` are those of a layer, `circuits` of gates and paths; then come
`nudging` (chapters 1 to 3), `chains` (4 to 6), `weights` (7 to 9), `training` (10 to
12), `graphs` (13 to 15), `checking` (16), `structures` (17), `programs` (18) and `machines`
(20).
"""
