"""The vision transformer and its masking, against what they must not depend on."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus import Autoencoder, recipes
from isthmus.bodies import choose_body
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import Codebook, MaskedPatches, Normal, PatchDecoder, PatchEncoder, Point
from isthmus.parts.networks import patch_side


@settings(max_examples=25, deadline=None)
@given(h=st.integers(1, 23), w=st.integers(1, 23), c=st.integers(1, 4), patch=st.integers(1, 9))
def test_any_picture_is_cut_into_patches_and_joined_again(h, w, c, patch):
    decoder = PatchDecoder(2, (c, h, w), (8,), patch)
    x = torch.rand(3, c, h, w)
    pieces = decoder.patches.cut(x)
    assert torch.equal(decoder.patches.join(pieces), x)
    corner = pieces[:, 0].view(3, c, patch, patch)[..., : min(h, patch), : min(w, patch)]
    assert torch.equal(corner, x[..., :patch, :patch]), "the first patch is the upper left corner"
    model = Model(PatchEncoder((c, h, w), 2, (8,), patch), Point(2), decoder, Normal())
    assert model(x).raw_B___.shape == x.shape


def test_every_picture_hides_the_same_number_of_whole_patches_and_all_patches_alike():
    torch.manual_seed(0)
    mask = MaskedPatches((2, 12, 12), 3, 0.75).train()
    x = torch.rand(2000, 2, 12, 12)
    seen = mask(x)
    assert not x.isnan().any()
    hidden = mask.patches.cut(seen).isnan()
    assert torch.equal(hidden.all(-1), hidden.any(-1))
    assert (hidden[..., 0].sum(1) == 12).all()
    torch.testing.assert_close(hidden[..., 0].float().mean(0), torch.full((16,), 0.75), atol=0.05, rtol=0)
    assert torch.equal(seen[~seen.isnan()], x[~seen.isnan()])
    filled = MaskedPatches((2, 12, 12), 3, 0.75, fill=0.0)(x)
    assert ((filled == 0).flatten(1).sum(1) == 12 * 18).all()


def encoder() -> PatchEncoder:
    torch.manual_seed(0)
    return PatchEncoder((1, 6, 6), 3, (32, 32), 2).double()


def test_a_hidden_patch_is_as_if_its_token_were_not_there():
    """Dropping tokens by hand, without masks, gives the same h."""
    part = encoder()
    x = torch.rand(1, 1, 6, 6, dtype=torch.float64)
    x[:, :, 2:4, 2:4] = torch.nan
    kept = [0, 1, 2, 3, 5, 6, 7, 8]
    tokens = part.embed(part.patches.cut(x)[:, kept]) + part.positions_TD[kept]
    for block in part.blocks:
        tokens = block(tokens, None)
    torch.testing.assert_close(part(x), part.to_code(part.norm(tokens).mean(1)), rtol=1e-10, atol=1e-12)


def test_rows_that_hide_different_numbers_do_not_touch_each_other():
    part = encoder()
    x = torch.rand(4, 1, 6, 6, dtype=torch.float64)
    x[1, :, :2] = torch.nan
    x[2, :, :, 3:] = torch.nan
    x[3] = torch.nan
    alone = torch.cat([part(x[i : i + 1]) for i in range(4)])
    torch.testing.assert_close(part(x), alone, rtol=1e-10, atol=1e-12)
    part(x).sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in part.parameters())


def test_where_a_patch_lies_matters():
    part = encoder()
    x = torch.zeros(2, 1, 6, 6, dtype=torch.float64)
    x[0, :, :2, :2] = x[1, :, 4:, 4:] = 1
    assert not torch.allclose(part(x[:1]), part(x[1:]))


@pytest.mark.parametrize(
    "make",
    [lambda: PatchEncoder((1, 8, 8), 2, (32, 64), 2), lambda: PatchEncoder((1, 8, 8), 2, (), 2),
     lambda: PatchEncoder((1, 4000, 4000), 2, (8,), 1), lambda: PatchDecoder(2, (8,), (8,), 2),
     lambda: MaskedPatches((1, 8, 8), 2, 1.0), lambda: MaskedPatches((1, 8, 8), 0),
     lambda: choose_body((7,), (), missing=False, network="vit")],
)  # fmt: skip
def test_what_cannot_be_is_refused(make):
    with pytest.raises(InputError):
        make()


def test_the_network_serves_other_recipes_and_masking_other_networks():
    x = np.random.default_rng(0).integers(0, 256, (40, 7, 9, 3), np.uint8)
    for recipe, network in (("vq", "vit"), ("masked", "dense"), ("masked", "conv")):
        hidden = {"vit": (32, 32), "dense": (16,), "conv": (4,)}[network]
        model = Autoencoder(recipe, 3, network=network, hidden=hidden, epochs=1, random_state=0).fit(x)
        assert np.isfinite(model.score_samples(x)).all()


@pytest.mark.parametrize("bottleneck", [Point(4), Codebook(4)])
def test_a_heavy_model_can_be_tried_on_shapes_alone(bottleneck):
    model = Model(PatchEncoder((1, 9, 9), 4, (32,), 2), bottleneck, PatchDecoder(4, (1, 9, 9), (32,), 2), Normal())
    assert model.eval().to("meta")(torch.zeros(1, 1, 9, 9, device="meta")).raw_B___.shape == (1, 1, 9, 9)


def test_some_eight_patches_lie_along_the_longer_side():
    assert [patch_side((1, h, w)) for h, w in ((28, 28), (8, 8), (64, 20), (3, 3))] == [4, 2, 8, 2]
    body = choose_body((1, 28, 28), (), missing=False, network="vit")
    model = recipes.get("masked").build(body, 5, {})
    assert model.encoder.patches.count == 49
