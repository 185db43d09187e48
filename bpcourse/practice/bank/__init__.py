"""The question bank: `c07.EXERCISES` are the exercises of chapter 7, in the order of the page."""
