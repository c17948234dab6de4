"""Discrete codes against brute force, closed forms and autograd in float64."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import mutual_info_score

from isthmus import Autoencoder
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import Balance, Bits, Code, Codebook, Commitment, Dense, FiniteScalar, Normal, Point, Trip
from isthmus.parts.discrete import codebook_use
from isthmus.training import Checkpoint


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def a_codebook(latent_dim: int = 6, width: int = 2, entries: int = 5, **options) -> Codebook:
    book = Codebook(latent_dim, width, entries, **options).double()
    book.codebook_KW.copy_(torch.randn(entries, book.width, dtype=torch.float64, generator=seeded(1)))
    book.use_K.fill_(1.0)
    return book


def brute_force(h: torch.Tensor, book: Codebook) -> torch.Tensor:
    slots = h.view(len(h), book.slots, 1, book.width)
    return (slots - book.codebook_KW).square().sum(-1).argmin(-1)


@pytest.mark.parametrize(("latent_dim", "width"), [(1, 4), (6, 2), (7, 3), (5, 5), (3, 1)])
def test_a_slot_is_replaced_by_its_nearest_entry(latent_dim, width):
    book = a_codebook(latent_dim, width).eval()
    h = torch.randn(40, book.inputs, dtype=torch.float64, generator=seeded())
    index, code = brute_force(h, book), book(h, sample=False)
    assert torch.equal(book.indices(h), index)
    assert torch.equal(code.z_BZ, book.codebook_KW[index].flatten(1)[:, :latent_dim])
    whole = book.codebook_KW[index].flatten(1)
    torch.testing.assert_close(code.commitment_B, (h - whole).square().sum(-1))
    torch.testing.assert_close(
        code.rate_BZ.sum(-1), h.new_full((40,), math.log(5) * math.ceil(latent_dim / book.width))
    )


def test_bfloat16_autocast_does_not_move_a_code():
    book = Codebook(8, 4, 64).eval()
    h = torch.randn(500, 8, generator=seeded())
    with torch.autocast("cpu", torch.bfloat16):
        code, index = book(h, sample=False), book.indices(h)
    assert torch.equal(index, brute_force(h, book))
    assert code.z_BZ.dtype == torch.float32


@pytest.mark.parametrize("make", [lambda: a_codebook(6, 2), lambda: FiniteScalar(6, 4), lambda: Bits(6, "straight")])
def test_the_straight_through_gradient_is_the_unrounded_ones(make):
    bottleneck = make()
    h = torch.randn(9, 6, dtype=torch.float64, generator=seeded(), requires_grad=True)
    direction = torch.randn(9, 6, dtype=torch.float64, generator=seeded(2))
    smooth = {Codebook: lambda x: x, FiniteScalar: torch.tanh, Bits: torch.sigmoid}[type(bottleneck)]
    (expected,) = torch.autograd.grad((smooth(h) * direction).sum(), h)
    (found,) = torch.autograd.grad((bottleneck(h, sample=True).z_BZ * direction).sum(), h)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-15)


def test_commitment_pulls_the_encoder_alone():
    book = a_codebook().eval()
    h = torch.randn(4, 6, dtype=torch.float64, generator=seeded(), requires_grad=True)
    code = book(h, sample=False)
    trip = Trip(h, h, code, h, torch.zeros(4))
    (pull,) = torch.autograd.grad(Commitment(0.25)(None, trip).sum(), h)
    torch.testing.assert_close(pull, 2 * (h - code.z_BZ).detach())
    assert torch.equal(Commitment()(None, trip._replace(code=Point(6)(h, sample=False))), torch.zeros(4))


def test_without_memory_a_step_is_k_means():
    book = a_codebook(decay=0.0, revive=0.0).train()
    h = torch.randn(60, 6, dtype=torch.float64, generator=seeded())
    index, before, slots = brute_force(h, book).flatten(), book.codebook_KW.clone(), h.view(-1, 2)
    book(h, sample=True)
    for k in range(5):
        mine = slots[index == k]
        torch.testing.assert_close(book.codebook_KW[k], mine.mean(0) if len(mine) else before[k])
        assert book.use_K[k] == len(mine)


def test_the_moving_averages_are_their_closed_form():
    """Counts and sums kept apart, as the paper writes them, for three batches; the book keeps one ratio."""
    book = a_codebook(decay=0.8, revive=0.0).train()
    count, total = book.use_K.clone(), book.codebook_KW * book.use_K[:, None]
    for step in range(3):
        h = torch.randn(30, 6, dtype=torch.float64, generator=seeded(step))
        chosen = torch.nn.functional.one_hot(brute_force(h, book).flatten(), 5).double()
        count = 0.8 * count + 0.2 * chosen.sum(0)
        total = 0.8 * total + 0.2 * chosen.T @ h.view(-1, 2)
        book(h, sample=True)
        torch.testing.assert_close(book.use_K, count, rtol=1e-12, atol=0)
        torch.testing.assert_close(book.codebook_KW, total / count[:, None], rtol=1e-10, atol=1e-12)


def test_dead_entries_are_put_onto_the_batch_and_live_ones_stay():
    book = a_codebook(2, 2, 5, decay=0.99, revive=0.1).train()
    book.use_K.copy_(torch.tensor([1.0, 0.001, 1.0, 0.0, 0.5]))
    before, h = book.codebook_KW.clone(), torch.randn(50, 2, dtype=torch.float64, generator=seeded())
    book._revive(h)
    on_batch = (book.codebook_KW[:, None] == h).all(-1).any(1)
    assert on_batch.tolist() == [False, True, False, True, False]
    assert torch.equal(book.codebook_KW[~on_batch], before[~on_batch])
    assert book.use_K.tolist() == [1.0, 10.0, 1.0, 10.0, 0.5]


def test_only_training_moves_the_codebook_and_a_seed_repeats_it():
    h = torch.randn(30, 8, generator=seeded())
    books = []
    for _ in range(2):
        torch.manual_seed(3)
        book = Codebook(8, 4, 16).train()
        for _ in range(3):
            book(h, sample=True)
        books.append(book)
    assert torch.equal(books[0].codebook_KW, books[1].codebook_KW)
    kept = {name: tensor.clone() for name, tensor in book.state_dict().items()}
    book.eval()(h, sample=True)
    book.posterior(h)
    assert all(torch.equal(kept[name], tensor) for name, tensor in book.state_dict().items())


@pytest.mark.parametrize("levels", [2, 3, 4, 5, 8])
def test_as_many_levels_as_asked_evenly_spaced(levels):
    part = FiniteScalar(1, levels).eval()
    h = torch.linspace(-6, 6, 5001, dtype=torch.float64)[:, None]
    code = part(h, sample=False)
    grid = torch.linspace(-1, 1, levels, dtype=torch.float64)
    torch.testing.assert_close(code.z_BZ.unique(), grid)
    nearest = (h.tanh() - grid).abs().argmin(-1)
    assert torch.equal(part.indices(h)[:, 0], nearest)
    assert code.rate_BZ.sum() == pytest.approx(5001 * math.log(levels))


def test_perplexity_counts_equal_use_and_sees_collapse():
    even = torch.arange(12).view(6, 2) % 4
    use = codebook_use(even, 4)
    assert (use.used, use.perplexity) == (1.0, pytest.approx(4.0))
    assert use.slot_perplexity_S.tolist() == pytest.approx([2.0, 2.0])
    collapsed = codebook_use(torch.full((6, 2), 3), 4)
    assert (collapsed.used, collapsed.perplexity) == (0.25, 1.0)


def test_bits_are_thresholds_at_a_half_and_noise_has_its_deviation():
    h = torch.randn(50, 3, generator=seeded())
    part = Bits(3).eval()
    assert torch.equal(part(h, sample=False).z_BZ, (h.sigmoid() > 0.5).float())
    assert torch.equal(part.indices(h), part.posterior(h)[0].long())
    torch.manual_seed(0)
    noisy = part.train()(torch.full((40_000, 3), 1.5).double(), sample=True).z_BZ.logit()
    assert noisy.mean().item() == pytest.approx(1.5, abs=0.05)
    assert noisy.std().item() == pytest.approx(4.0, abs=0.05)
    drawn = Bits(3, "straight").train()(torch.full((40_000, 3), 0.7), sample=True).z_BZ
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert drawn.mean().item() == pytest.approx(torch.tensor(0.7).sigmoid().item(), abs=0.01)


def test_the_balance_penalty_estimates_the_squared_distance_from_a_half_without_bias():
    """All 8^2 equally likely batches of two rows drawn from these eight: their mean is the exact value."""
    z = (torch.rand(8, 3, dtype=torch.float64, generator=seeded()) + 0.3).round()
    found = [
        Balance(1.0)(None, Trip(pair, pair, Code(pair, pair), pair, pair[:, 0])).item()
        for pair in (z[[i, j]] for i in range(8) for j in range(8))
    ]
    assert np.mean(found) == pytest.approx((z.mean(0) - 0.5).square().sum().item())


@pytest.mark.parametrize(
    "make",
    [lambda: Codebook(4, codebook=1), lambda: Codebook(4, codebook=1 << 40), lambda: Codebook(4, code_width=0),
     lambda: Codebook(4, decay=1.0), lambda: Codebook(4, revive=-0.1), lambda: FiniteScalar(2, 1),
     lambda: FiniteScalar(2, True), lambda: Bits(2, "coin"), lambda: Bits(2, noise=math.nan),
     lambda: Commitment(-1.0), lambda: Balance(math.inf)],
)  # fmt: skip
def test_options_that_cannot_be_are_refused(make):
    with pytest.raises(InputError):
        make()


def test_a_code_that_is_not_discrete_has_no_indices():
    model = Model(Dense((3,), (2,)), Point(2), Dense((2,), (3,)), Normal())
    with pytest.raises(InputError, match="Point"):
        model.indices(torch.zeros(1, 3))


# On real pictures


def digits() -> np.ndarray:
    return (load_digits().images * 15).astype(np.uint8)


def fit(recipe: str, seed: int = 0, **options) -> Autoencoder:
    return Autoencoder(recipe, latent_dim=12, hidden=(64,), epochs=12, random_state=seed, options=options).fit(
        digits()[:1400]
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("recipe", "entries"), [("vq", 32), ("fsq", 5)])
def test_codes_do_not_collapse(recipe, entries, seed):
    options = {"codebook": entries} if recipe == "vq" else {"levels": entries}
    index = fit(recipe, seed, **options).indices(digits()[1400:])
    use = codebook_use(torch.from_numpy(index), entries)
    assert use.used == 1
    assert use.perplexity > entries / 2
    assert use.slot_perplexity_S.min() > entries / 4


@pytest.mark.parametrize(("kind", "share"), [("noise", 0.8), ("straight", 0.5)])
def test_hash_bits_are_bimodal_balanced_and_tell_the_digit(kind, share):
    model, held = fit("binary", kind=kind), digits()[1400:]
    x = torch.from_numpy(model.preparation_.apply(held[..., None]))
    with torch.no_grad():
        chances = model.model_.h(x, None).sigmoid()
    assert ((chances < 0.1) | (chances > 0.9)).float().mean() > share
    bits = model.indices(held)
    assert np.array_equal(bits, model.transform(held))
    assert abs(bits.mean(0) - 0.5).max() < 0.4
    assert np.mean([mutual_info_score(load_digits().target[1400:], bit) for bit in bits.T]) > 0.05


def test_a_balance_penalty_evens_the_bits():
    def unevenness(balance):
        bits = [fit("binary", seed, balance=balance).indices(digits()) for seed in (0, 1)]
        return np.mean([abs(b.mean(0) - 0.5).mean() for b in bits])

    assert unevenness(10.0) < 0.8 * unevenness(0.0)


@pytest.mark.parametrize("recipe", ["vq", "binary"])
def test_a_run_goes_on_from_a_checkpoint_to_the_same_bits_buffers_too(recipe, tmp_path):
    class DeathError(Exception):
        pass

    class Dying(Checkpoint):
        def save(self, tensors, state):
            super().save(tensors, state)
            if state["step"] == 25:
                raise DeathError

    def begin(**options):
        model = Autoencoder(recipe, 6, hidden=(16,), epochs=4, batch_size=32, random_state=1)
        return model.fit(digits()[:300], **options)

    def kept(identity):
        return Dying(tmp_path / "c", identity, resume=True, every=0)

    with pytest.raises(DeathError):
        begin(checkpoint=kept)
    whole, resumed = begin().model_.state_dict(), begin(checkpoint=kept).model_.state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_the_posterior_and_a_penalty_that_asks_for_it_teach_a_codebook_nothing():
    book = a_codebook(decay=0.5).train()
    before = book.codebook_KW.clone(), book.use_K.clone()
    h = torch.randn(8, book.inputs, dtype=torch.float64, generator=seeded())
    mean, std = book.posterior(h)
    assert torch.equal(book.codebook_KW, before[0])
    assert torch.equal(book.use_K, before[1])
    assert not std.any()
    assert torch.equal(mean, book.eval()(h, sample=False).z_BZ)


@pytest.mark.parametrize("make", [lambda: a_codebook(7, 3), lambda: FiniteScalar(4, 3), lambda: Bits(6)])
def test_codes_drawn_are_of_all_values_alike(make):
    part = make().eval()
    z = part.sample_prior(6000)
    assert z.shape == (6000, part.latent_dim)
    if isinstance(part, Codebook):
        distance = torch.cdist(z[:, :3].double(), part.codebook_KW)
        assert distance.min(1).values.max() < 1e-6
        shares = torch.bincount(distance.argmin(1), minlength=part.entries) / len(z)
    else:
        shares = z.unique(return_counts=True)[1] / z.numel()
    assert len(shares) == part.entries
    torch.testing.assert_close(shares, torch.full_like(shares, 1 / part.entries), rtol=0, atol=0.02)


def test_discrete_models_are_sampled():
    model = fit("fsq", 0)
    assert model.sample(3, random_state=0).shape == digits()[:3].shape
