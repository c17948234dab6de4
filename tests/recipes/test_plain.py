"""Recipes whose code is a point: their parts against closed forms, autograd and PCA."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.linalg import subspace_angles
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import kl_divergence

from isthmus import Autoencoder, InputError, recipes
from isthmus.bodies import CORRUPTIONS
from isthmus.jobs.reduce import judged_rows
from isthmus.model import Model
from isthmus.parts import (
    CodeNorm,
    Contraction,
    ConvDecoder,
    ConvEncoder,
    DecoderNorm,
    Dense,
    GaussianNoise,
    GreyPatch,
    KLSparsity,
    Masking,
    Normal,
    PatchDecoder,
    PatchEncoder,
    Point,
    RecurrentDecoder,
    RecurrentEncoder,
    SaltAndPepper,
    Selector,
    Thinning,
    TiedLinear,
    Told,
    TopK,
)


def dense(*terms, hidden=(), squash="none", missing=False) -> Model:
    torch.manual_seed(0)
    ends = Dense((5,), (3,), hidden, "tanh", missing=missing), Dense((3,), (5,), hidden, "tanh")
    return Model(ends[0], Point(3, squash), ends[1], Normal(), terms).double()


def conv(*terms) -> Model:
    torch.manual_seed(0)
    ends = ConvEncoder((1, 5, 6), 2, (3, 4)), ConvDecoder(2, (1, 5, 6), (3, 4))
    return Model(ends[0], Point(2), ends[1], Normal(), terms).double()


def jacobian_norms(model: Model, x: torch.Tensor) -> torch.Tensor:
    def code(row):
        return model.encode(row[None])[0]

    return torch.stack([torch.autograd.functional.jacobian(code, row).square().sum() for row in x])


# Contraction


def test_contraction_of_a_sigmoid_layer_is_its_closed_form():
    model = dense(Contraction(1.0), squash="sigmoid").eval()
    x = torch.randn(4, 5, dtype=torch.float64)
    with torch.no_grad():
        term = model.terms[0](model, model(x))
        z, weight = model.encode(x), model.encoder.layers[0].weight
        closed = (z * (1 - z)).square() @ weight.square().sum(1)  # Rifai et al. 2011, equation 6
    torch.testing.assert_close(term, closed, rtol=1e-12, atol=0)


@pytest.mark.parametrize("make", [lambda t: dense(t, hidden=(7, 6)), conv], ids=["dense", "conv"])
def test_contraction_of_any_depth_is_autograds_jacobian_and_its_estimate_is_unbiased(make):
    model = make(Contraction(1.0, probes=1000))
    x = torch.randn(3, *((5,) if isinstance(model.encoder, Dense) else (1, 5, 6)), dtype=torch.float64)
    exact = jacobian_norms(model, x)
    with torch.no_grad():
        trip = model.eval()(x)
        torch.testing.assert_close(model.terms[0](model, trip), exact, rtol=1e-10, atol=0)
        assert torch.equal(model.terms[0](model, trip), model.terms[0](model, trip))
    estimate = model.train().terms[0](model, model(x))
    torch.testing.assert_close(estimate, exact, rtol=0.15, atol=0)  # some 4 standard errors of 1,000 probes


def test_the_estimates_gradient_is_that_of_the_norm():
    model = dense(Contraction(1.0, probes=1024))
    x = torch.randn(4, 5, dtype=torch.float64)
    model.train().terms[0](model, model(x)).sum().backward()
    # the encoder is affine: the norm is the sum of squared weights for every row, its gradient 8 x the weight
    weight = model.encoder.layers[0].weight
    torch.testing.assert_close(weight.grad, 8 * weight.detach(), rtol=0.1, atol=0.15)


def test_contraction_under_autocast_and_with_missing_cells():
    model = dense(Contraction(1.0, probes=64), hidden=(7,), missing=True).float()
    x = torch.randn(3, 5)
    x[0, 1] = math.nan
    whole = model.train()
    torch.manual_seed(1)
    plain = model.terms[0](model, Trip(whole, x))
    torch.manual_seed(1)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model.terms[0](model, Trip(whole, x))
    torch.testing.assert_close(rounded.float(), plain, rtol=0.1, atol=0.02)
    rounded.sum().backward()
    assert all(torch.isfinite(w.grad).all() for w in model.encoder.parameters() if w.grad is not None)


class Trip:
    """Only what the term reads."""

    def __init__(self, model: Model, x: torch.Tensor) -> None:
        self.seen_B___, self.condition_BC = x, None


def test_contraction_is_of_the_encoder_as_it_was_told():
    torch.manual_seed(0)
    encoder = Dense((5,), (3,), (7,), "tanh", condition_dim=2)
    parts = encoder, Point(3), Dense((3,), (5,), condition_dim=2), Normal(), [Contraction(1.0)]
    model, x, told = Model(*parts, told=Told(2)).double().eval(), torch.randn(4, 5).double(), torch.eye(4, 2).double()
    rows = zip(x, told, strict=True)
    jacobians = [torch.autograd.functional.jacobian(lambda r, c=c: encoder(r[None], c[None])[0], r) for r, c in rows]
    with torch.no_grad():
        found = model.terms[0](model, model(x, told))
        assert not torch.allclose(found, model.terms[0](model, model(x)))
    torch.testing.assert_close(found, torch.stack(jacobians).square().sum((1, 2)), rtol=1e-10, atol=0)
    table = load_wine()
    fitted = Autoencoder("conditional", 2, penalties={"contractive": 0.1}, epochs=1, random_state=0)
    assert np.isfinite(fitted.fit(table.data, table.target).score_samples(table.data, table.target)).all()


@pytest.mark.parametrize("network", ["vit", "lstm", "gru"])
def test_contraction_of_attention_and_recurrence(network):
    """Both have fast ways, of which the slope has no slope."""
    torch.manual_seed(0)
    if network == "vit":
        ends = PatchEncoder((1, 4, 4), 2, (32,), 2), PatchDecoder(2, (1, 4, 4), (32,), 2)
    else:
        ends = RecurrentEncoder((6, 2), 2, (4,), network), RecurrentDecoder(2, (6, 2), (4,), network)
    model = Model(ends[0], Point(2), ends[1], Normal(), [Contraction(1.0)])
    x = torch.randn(3, *((1, 4, 4) if network == "vit" else (6, 2)))
    model.train().objective(model(x)).sum().backward()
    assert all(torch.isfinite(w.grad).all() for w in ends[0].parameters())
    with torch.no_grad():
        found = model.eval().terms[0](model, model(x))
    torch.testing.assert_close(found, jacobian_norms(model, x), rtol=1e-4, atol=1e-8)


def test_contraction_joins_any_recipe_as_a_penalty():
    x = load_wine().data
    for recipe in ("vae", "conv-vae"):
        pictures = (load_digits().images[:60] * 15).astype(np.uint8)
        data = x if recipe == "vae" else pictures
        model = Autoencoder(recipe, latent_dim=2, penalties={"contractive": 0.1}, epochs=1, random_state=0).fit(data)
        assert np.isfinite(model.score_samples(data)).all()
        assert np.array_equal(model.score_samples(data), model.score_samples(data))


# Corruptions


def test_corruptions_do_what_they_say():
    torch.manual_seed(0)
    x = torch.rand(400, 1, 20, 10) * 0.5 + 0.2
    masked, peppered, patched = Masking(0.3)(x), SaltAndPepper(0.4)(x), GreyPatch(0.5)(x)
    assert (masked == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert (peppered == 0).float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert (peppered == 1).float().mean().item() == pytest.approx(0.2, abs=0.01)
    for seen in (masked, peppered, patched):
        assert torch.equal(
            seen[(seen != 0) & (seen != 1) & (seen != 0.5)], x[(seen != 0) & (seen != 1) & (seen != 0.5)]
        )
    hit = (patched == 0.5)[:, 0]
    assert (hit.sum((1, 2)) == 10 * 5).all(), "half of each side"
    assert (hit.any(2).sum(1) == 10).all(), "a rectangle"
    assert (hit.any(1).sum(1) == 5).all(), "a rectangle"
    assert hit.any(0).all(), "at every place in some picture"
    row = SaltAndPepper(1.0)(torch.zeros(1000, 4))
    assert set(row.unique().tolist()) == {-2.0, 2.0}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_missing_cell_stays_missing(name):
    x = torch.ones(50, 1, 6, 6) if name in ("patches", "holes") else torch.ones(50, 6)
    x[:, ..., 2] = math.nan
    seen = CORRUPTIONS[name](1.0)(x)
    assert torch.equal(seen.isnan(), x.isnan())
    assert (seen != x)[~x.isnan()].any()


def test_thinned_counts_are_poisson_again_and_independent_of_what_was_taken():
    torch.manual_seed(0)
    x = torch.poisson(torch.full((200_000,), 4.0))
    kept = Thinning(0.3)(x)
    taken = x - kept
    assert (kept == kept.round()).all()
    assert taken.min() >= 0
    for part, mean in ((kept, 2.8), (taken, 1.2)):
        assert part.mean().item() == pytest.approx(mean, rel=0.01)
        assert part.var().item() == pytest.approx(mean, rel=0.02), "a Poisson's variance is its mean"
    assert torch.corrcoef(torch.stack([kept, taken]))[0, 1].abs() < 0.01


def test_corruptions_are_of_the_datas_own_kind():
    counts = csr_matrix(np.random.default_rng(0).poisson(2.0, (40, 6)))
    for asked in (
        {"corruption": "salt-and-pepper:0.3"},
        {"recipe": "denoising", "options": {"corruption": "gaussian"}},
    ):
        with pytest.raises(InputError, match=r"these data are counts.*'thinning' or 'masking'"):
            Autoencoder(**asked, epochs=1).fit(counts)
    model = Autoencoder("denoising", 2, epochs=1, random_state=0)
    assert isinstance(model.fit(counts).model_.corruption, Thinning)
    assert isinstance(model.fit(load_wine().data).model_.corruption, GaussianNoise)
    with pytest.raises(InputError, match=r"thinning.*a table.*gaussian"):
        Autoencoder(corruption="thinning:0.3", epochs=1).fit(load_wine().data)
    with pytest.raises(InputError, match=r"patches.*these data are series"):
        Autoencoder(corruption="patches:0.3", kind="series", epochs=1).fit(np.random.default_rng(0).random((20, 9)))


def test_patches_on_a_table_are_refused_before_training():
    for asked in ({"corruption": "patches:0.3"}, {"recipe": "denoising", "options": {"corruption": "patches"}}):
        with pytest.raises(InputError, match=r"patches.*table.*masking"):
            Autoencoder(**asked, epochs=1).fit(load_wine().data)
    with pytest.raises(InputError, match=r"share=1\.5"):
        Autoencoder(corruption="masking:1.5", epochs=1).fit(load_wine().data)


def test_denoising_denoises_unseen_noise_better_than_the_plain_one():
    pictures = (load_digits().images * 255 / 16).round().astype(np.uint8)
    train, test = pictures[:1000], pictures[1400:]
    noise = np.random.default_rng(99).normal(scale=0.3, size=test.shape) * 255
    noisy = np.clip(test + noise, 0, 255).round().astype(np.uint8)
    errors = {}
    for recipe in ("ae", "denoising"):
        model = Autoencoder(recipe, latent_dim=12, hidden=(64,), epochs=25, random_state=0).fit(train)
        errors[recipe] = ((model.reconstruct(noisy) / 255.0 - test / 255.0) ** 2).sum((1, 2)).mean()
    assert errors["denoising"] < 0.8 * errors["ae"]


def test_an_over_complete_code_copies_unless_something_keeps_it_from_it():
    pictures = (load_digits().images * 255 / 16).round().astype(np.uint8)
    train, test = pictures[:1300], pictures[1300:].reshape(-1, 64)
    varying = np.flatnonzero(test.std(0) > 20)
    unlike = test.copy()  # pictures that are no digits: pixels in another order
    unlike[:, varying] = test[:, np.random.default_rng(0).permutation(varying)]
    left = {}
    for recipe, options in (("ae", {}), ("denoising", {"amount": 0.5}), ("sparse", {"kind": "topk", "target": 0.02})):
        model = Autoencoder(recipe, latent_dim=500, hidden=(), options=options, epochs=40, random_state=0).fit(train)
        error = model.reconstruction_error(unlike.reshape(-1, 8, 8)).mean()
        left[recipe] = error / (unlike / 255.0).var(0).sum()
    assert left["ae"] < 0.3
    assert left["denoising"] > 0.7
    assert left["sparse"] > 0.7


def test_contractive_codes_are_less_sensitive_relative_to_their_spread():
    pictures = (load_digits().images * 255 / 16).round().astype(np.uint8)
    train, test = pictures[:1000], pictures[1400:]
    noise = 25 * np.random.default_rng(7).normal(size=test.shape)
    moved = np.clip(test + noise, 0, 255).round().astype(np.uint8)
    moves = {}
    for recipe in ("ae", "contractive"):
        model = Autoencoder(recipe, latent_dim=12, hidden=(64,), epochs=25, random_state=0).fit(train)
        codes = model.transform(test)
        moves[recipe] = ((model.transform(moved) - codes) ** 2).sum(1).mean() / codes.var(0).sum()
    assert moves["contractive"] < 0.9 * moves["ae"]


# Sparsity


def test_top_k_keeps_the_k_largest():
    h = torch.randn(6, 9, dtype=torch.float64)
    z = TopK(9, 4)(h, sample=True).z_BZ
    for row, kept in zip(h, z, strict=True):
        largest = set(np.argsort(row.numpy())[-4:].tolist())
        assert {int(i) for i in kept.nonzero()[:, 0]} == largest
        assert torch.equal(kept[kept != 0], row[kept != 0])
    with pytest.raises(InputError, match="k=5"):
        TopK(4, 5)


def test_kl_sparsity_is_the_divergence_of_the_batchs_means():
    model = dense(KLSparsity(2.0, 0.2), squash="sigmoid")
    x = torch.randn(7, 5, dtype=torch.float64)
    trip = model.train()(x)
    means = TorchBernoulli(trip.code.z_BZ.mean(0))
    wanted = kl_divergence(TorchBernoulli(torch.full((3,), 0.2, dtype=torch.float64)), means).sum()
    torch.testing.assert_close(model.objective(trip) - trip.nll_B, (2 * wanted).expand(7), rtol=1e-9, atol=1e-9)
    assert torch.equal(model.eval().objective(trip), trip.nll_B), "a batch's term in a row's score"


@pytest.mark.parametrize("target", [0.1, 0.3])
def test_the_mean_activation_meets_the_target(target):
    x = load_wine().data
    model = Autoencoder("sparse", latent_dim=12, options={"target": target}, epochs=60, random_state=0).fit(x)
    z = model.transform(x)
    assert z.min() >= 0
    assert z.max() <= 1
    assert z.mean() == pytest.approx(target, rel=0.1)
    # codes that say nothing would leave the variance of all 13 columns, 1 each
    assert model.reconstruction_error(x).mean() < 0.75 * 13


def test_kinds_of_sparsity():
    x = load_wine().data
    active = Autoencoder("sparse", latent_dim=10, options={"kind": "topk", "target": 0.3}, epochs=1).fit_transform(x)
    assert ((active != 0).sum(1) == 3).all()
    with pytest.raises(InputError, match="kind='l2'"):
        Autoencoder("sparse", options={"kind": "l2"}, epochs=1).fit(x)


# Linear


def test_the_linear_one_spans_pcas_subspace():
    x = load_wine().data
    model = Autoencoder("linear", latent_dim=2, epochs=100, random_state=0).fit(x)
    data = model._open(x)
    judged = judged_rows(model, data)
    prepared = model.preparation_.apply(x).astype(np.float64)
    pca = PCA(2).fit(prepared[judged.fitted_rows])
    rows = model.model_.encoder.layers[0].weight.detach().double().numpy()
    assert subspace_angles(rows.T, pca.components_.T).max() < 0.02
    theirs = ((prepared - pca.inverse_transform(pca.transform(prepared))) ** 2).sum(1)
    for part in (judged.fitted_rows, judged.rows):
        assert model.reconstruction_error(x)[part].mean() == pytest.approx(theirs[part].mean(), rel=0.005)


def test_tied_weights_are_the_encoders_own():
    model = Model(Dense((4,), (2,)), Point(2), TiedLinear((4,)), Normal()).double()
    z = torch.randn(3, 2, dtype=torch.float64)
    torch.testing.assert_close(model.decoder(z), z @ model.encoder.layers[0].weight)
    assert [name for name, _ in model.decoder.named_parameters()] == ["offset"]
    for encoder in (Dense((4,), (2,), (3,)), ConvEncoder((1, 2, 2), 2, (3,)), Dense((3,), (2,))):
        with pytest.raises(InputError, match="tied weights"):
            Model(encoder, Point(2), TiedLinear((4,)), Normal())
    with pytest.raises(InputError, match="hidden"):
        Autoencoder("linear", hidden=(5,), epochs=1).fit(load_wine().data)


def test_a_recipes_training_stands_where_the_estimators_default_was_left():
    x = load_wine().data[:40]
    assert Autoencoder("linear", epochs=1).fit(x).record_["settings"]["weight_decay"] == 0
    assert Autoencoder("linear", epochs=1, weight_decay=0.5).fit(x).record_["settings"]["weight_decay"] == 0.5
    assert Autoencoder("ae", epochs=1).fit(x).record_["settings"]["weight_decay"] == 0.01
    noise = np.random.default_rng(0).normal(size=(40, 8))  # of which nothing learned can help held-out rows
    best = Autoencoder("ae", 7, epochs=60, patience=1, random_state=0).fit(noise).record_
    last = Autoencoder("linear", 7, epochs=60, patience=1, learning_rate=0.5, random_state=0).fit(noise).record_
    assert best["epochs"] < 60
    assert last["best_epoch"] == last["epochs"] == 60


# Bodies


@pytest.mark.parametrize("recipe", ["conv", "conv-vae"])
@pytest.mark.parametrize("shape", [(5, 9, 3), (17, 6, 1), (1, 3, 2)])
def test_convolutional_recipes_take_any_size(recipe, shape):
    pictures = np.random.default_rng(0).integers(0, 256, (12, *shape), np.uint8)
    model = Autoencoder(recipe, latent_dim=2, hidden=(3, 4), epochs=1, random_state=0).fit(pictures)
    assert isinstance(model.model_.encoder, ConvEncoder)
    assert model.reconstruct(pictures).shape == pictures.shape


def test_the_plain_one_can_be_784_30_784_with_tanh():
    pictures = np.random.default_rng(0).integers(0, 256, (12, 28, 28), np.uint8)
    model = Autoencoder(latent_dim=30, hidden=(), options={"squash": "tanh"}, epochs=1, random_state=0).fit(pictures)
    ends = [
        (layer.in_features, layer.out_features)
        for layer in (*model.model_.encoder.layers, *model.model_.decoder.layers)
    ]
    assert ends == [(784, 30), (30, 784)]
    assert np.abs(model.transform(pictures)).max() <= 1


# Norms


def test_norms_of_codes_and_of_the_decoder():
    model = dense(CodeNorm(1.0), DecoderNorm(1.0), hidden=(4,))
    trip = model.train()(torch.randn(6, 5, dtype=torch.float64))
    torch.testing.assert_close(model.terms[0](model, trip), 0.5 * torch.linalg.vector_norm(trip.code.z_BZ, dim=1) ** 2)
    weights = torch.cat([w.flatten() for w in model.decoder.parameters()])
    torch.testing.assert_close(model.terms[1](model, trip), weights @ weights)


# Selection


def informative_table(n: int = 400) -> pd.DataFrame:
    """Columns a, b, c: independent sources; the others are those with as much noise again."""
    numbers = np.random.default_rng(0)
    sources = numbers.normal(size=(n, 3))
    columns = {f"noisy{i}": sources[:, i % 3] + numbers.normal(size=n) for i in range(9)}
    clean = {name: sources[:, i] for i, name in enumerate("abc")}
    items = [*list(columns.items())[:4], *clean.items(), *list(columns.items())[4:]]
    return pd.DataFrame(dict(items))


def test_selection_picks_the_informative_columns_and_names_them(tmp_path):
    frame = informative_table()
    model = Autoencoder("selection", latent_dim=3, epochs=80, random_state=0).fit(frame)
    chosen = model.selected_features()
    assert sorted(chosen) == ["a", "b", "c"]
    assert model.model_.encoder.temperature == pytest.approx(0.01, rel=0.02), "the loop didn't tell how far it is"
    standardised = (frame - frame.mean()) / frame.std(ddof=0)
    judged = judged_rows(model, model._open(frame)).fitted_rows
    codes = pd.DataFrame(model.transform(frame), columns=chosen)
    for name in chosen:  # the code is the column itself, in prepared units
        assert np.corrcoef(codes[name], standardised[name])[0, 1] == pytest.approx(1, abs=1e-9)
        assert codes[name][judged].std(ddof=0) == pytest.approx(1, abs=1e-4)
    model.save(tmp_path / "m.safetensors")
    assert Autoencoder.load(tmp_path / "m.safetensors").selected_features() == chosen


def test_pixels_are_named_by_row_column_and_channel():
    pictures = np.random.default_rng(0).integers(0, 256, (30, 3, 5, 2), np.uint8)
    model = Autoencoder("selection", latent_dim=4, epochs=1, random_state=0).fit(pictures)
    for code, (row, column, channel) in zip(model.transform(pictures).T, model.selected_features(), strict=True):
        np.testing.assert_allclose(code, pictures[:, row, column, channel] / 255, rtol=1e-6)
    with pytest.raises(InputError, match="selection"):
        Autoencoder(epochs=1).fit(pictures).selected_features()


def test_the_draw_hardens_as_the_temperature_falls():
    torch.manual_seed(0)
    part = Selector((2, 3), 4, start=10.0, end=0.001).train()
    torch.nn.init.normal_(part.logits)
    x = torch.eye(6).reshape(6, 2, 3)
    part.anneal(0.5)
    assert part.temperature == pytest.approx(0.1)
    part.anneal(0.0)
    assert part(x).max() < 0.9
    part.anneal(1.0)
    drawn = torch.stack([part(x).T for _ in range(3000)])  # rows of the selection matrix
    assert (drawn.amax(-1) > 0.99).float().mean() > 0.95
    # at temperature 0 the concrete distribution is the categorical one (Maddison et al., ICLR 2017)
    probabilities = (Selector.GAIN * part.logits).softmax(-1)
    torch.testing.assert_close(drawn.mean(0), probabilities.detach(), atol=0.03, rtol=0)
    assert torch.equal(part.eval()(x), x.flatten(1)[:, part.logits.argmax(-1)])


def test_selection_resumes_to_the_bit(fit_through_deaths):
    options = {"recipe": "selection", "latent_dim": 3, "epochs": 3, "random_state": 0}
    fit_through_deaths(load_wine().data, saves=7, deaths=2, **options)


def test_the_new_recipes_stand_in_the_table():
    new = {"linear", "ae", "sparse", "denoising", "contractive", "conv", "conv-vae", "selection", "rae"}
    assert new <= set(recipes.names())
