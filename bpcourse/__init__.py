"""The package of the book *Backpropagation You Can Nudge*.

Read it in this order; a module imports only from those above it:

- `checks`: the questions that all the others ask of their input;
- `gates`: what each gate computes and its local gradients, one row a gate;
- `graph`: numbers that remember how they were made; `backward` and `gradient`;
- `codegen`: a graph and its derivative as a program in Python, numpy, JavaScript;
- `chain`: paths through a graph and the products along them;
- `numeric`: gradients by nudging, and the gradient check;
- `layers`: activations, output layers and losses on batches;
- `network`: forward, backpropagation, update, training;
- `examples`: the book's worked examples and what its sources print of them;
- `svg`: pieces of pictures in the book's colours;
- `figures`: circuits and networks as SVG, and the plots;
- `explore`: the sliders, alive in a notebook and in the built page.
"""
