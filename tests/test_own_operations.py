"""The listings for PyTorch and JAX on the appendix pages, run where the libraries are installed."""

import re

import numpy as np
import pages
import pytest

LISTING = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


def listings(name: str) -> list[str]:
    return LISTING.findall((pages.ROOT / "book" / f"{name}.md").read_text(encoding="utf-8"))


def test_the_listings_are_there_and_are_python():
    found = [*listings("operations-of-your-own"), *listings("in-place")]
    assert len(found) == 3
    for listing in found:
        compile(listing, "listing", "exec")


def test_the_operation_for_torch():
    torch = pytest.importorskip("torch")
    space: dict = {}
    exec(listings("operations-of-your-own")[0], space)
    c = space["c"]
    r = c.detach().sqrt()
    np.testing.assert_allclose(c.grad, -torch.exp(-r) / (2 * r), rtol=1e-10)

    class Wrong(space["Root"]):
        @staticmethod
        def backward(ctx, upstream):
            (r,) = ctx.saved_tensors
            return upstream / r

    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        torch.autograd.gradcheck(Wrong.apply, c)


def test_the_operation_for_jax():
    jax = pytest.importorskip("jax")
    space: dict = {}
    exec(listings("operations-of-your-own")[1], space)
    root = space["root"]
    assert float(root(7.0)) == pytest.approx(7**0.5, rel=1e-12)
    assert float(jax.grad(root)(7.0)) == pytest.approx(0.5 / 7**0.5, rel=1e-10)
    with pytest.raises(ValueError, match="while_loop"):
        jax.grad(root.fun)(7.0)


def test_what_torch_forbids_in_place():
    torch = pytest.importorskip("torch")
    (listing,) = listings("in-place")
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        exec("import torch\n" + listing, {})

    def through_exp(change):
        x = torch.tensor([3.0], requires_grad=True)
        h = x * 1
        y = torch.exp(h)
        change(h, y)
        y.backward()
        return x.grad.item()

    assert through_exp(lambda h, y: h.mul_(10)) == pytest.approx(np.exp(3), rel=1e-6)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        through_exp(lambda h, y: y.mul_(10))
    with pytest.raises(RuntimeError, match="in-place"):
        torch.tensor([3.0], requires_grad=True).mul_(10)


def test_what_jax_offers_in_place_of_it():
    jnp = pytest.importorskip("jax.numpy")
    x = jnp.zeros(2)
    assert x.at[0].set(5.0).tolist() == [5.0, 0.0] and x.tolist() == [0.0, 0.0]
    with pytest.raises(TypeError):
        x[0] = 5.0


def test_stopping_a_gradient_in_both_libraries():
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    x = torch.tensor(3.0, requires_grad=True)
    (x * x.detach()).backward()
    assert x.grad.item() == 3 == float(jax.grad(lambda x: x * jax.lax.stop_gradient(x))(3.0))
