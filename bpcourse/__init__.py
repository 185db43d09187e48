"""The package of the book *Backpropagation You Can Nudge*.

Read it in this order; a module imports only from those above it:

- `checks`: the questions that all the others ask of their input;
- `gates`: what each gate computes and its local gradients, one row a gate;
- `graph`: numbers that remember how they were made; `backward` and `gradient`;
- `simplify`: a graph with fewer gates and the same numbers;
- `codegen`: a graph and its derivative as a program in Python, numpy, JavaScript;
- `tape`: graphs without objects, one line a gate, for speed;
- `levels`: a wide graph compiled to arrays, level by level;
- `modes`: the derivative pushed forward or pulled back, and Jacobians;
- `chain`: paths through a graph and the products along them;
- `numeric`: gradients by nudging, and the gradient check;
- `layers`: activations, output layers and losses on batches;
- `network`: forward, backpropagation, update, training; the same in place;
- `costs`: what a gradient costs, counted; many nudges at once; checkpointing;
- `structures`: convolution, pooling, embedding, layer norm, attention, each with
  its way back;
- `remedies`: weights to begin with, batch normalisation, residuals, clipping;
- `recurrent`: a recurrent network and backpropagation through time;
- `examples`: the book's worked examples and what its sources print of them;
- `errata`: the slips of the sources, each with its check;
- `svg`: pieces of pictures in the book's colours;
- `figures`: circuits and networks as SVG, and the plots;
- `explore`: the sliders, alive in a notebook and in the built page.
"""
