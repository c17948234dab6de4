"""Every autoencoder is this one sentence, with other parts in its places.

    x --corruption--> seen --encoder--> h --bottleneck--> code --decoder--> raw --likelihood--> distortion

Legend: B rows of the batch, Z code values, E what the decoder gets, C condition values, `___` the shape of one
prepared row.
"""

import math
from collections.abc import Sequence
from typing import final

from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts import Bottleneck, Corruption, Discrete, EncoderReader, Likelihood, Part, Term, Told, Trip


@final
class Model(Part):
    """An autoencoder: its parts and the objective they make.

    objective of a row = distortion + sum over terms of weight x term, in nats. With more than one code drawn per row
    in training it is minus the logarithm of the mean of exp(-objective) over the draws, which at unit weights is
    minus the importance-weighted bound (Burda, Grosse & Salakhutdinov, ICLR 2016).
    """

    def __init__(
        self,
        encoder: Part,
        bottleneck: Bottleneck,
        decoder: Part,
        likelihood: Likelihood,
        terms: Sequence[Term] = (),
        corruption: Corruption | None = None,
        draws: int = 1,
        told: Told | None = None,
    ) -> None:
        super().__init__()
        if not (isinstance(draws, int) and draws >= 1):
            raise InputError(f"draws={draws!r}: give a whole number, 1 or more")
        self.encoder, self.bottleneck, self.decoder = encoder, bottleneck, decoder
        self.likelihood, self.terms, self.corruption = likelihood, nn.ModuleList(terms), corruption
        self.draws, self.told = draws, told
        for part in self.modules():
            if isinstance(part, EncoderReader):
                part.read(encoder)

    def forward(
        self,
        x_B___: Tensor,
        condition_BC: Tensor | None = None,
        *,
        sample: bool | None = None,
        seen_B___: Tensor | None = None,
    ) -> Trip:
        """The whole way. Codes are drawn if `sample`; by default in training only.

        `seen_B___`, if given, is what the encoder sees of the rows, in the place of what a corruption makes of them.
        """
        sample = self.training if sample is None else sample
        condition_BC = self.conditions(condition_BC, x_B___)
        if seen_B___ is None:
            x_B___, seen_B___ = self._suffered(x_B___)
        h_BH = self.h(seen_B___, condition_BC)
        draws = self.draws if self.training and sample else 1
        if draws > 1:
            x_B___, seen_B___, h_BH = (t.repeat(draws, *[1] * (t.dim() - 1)) for t in (x_B___, seen_B___, h_BH))
            condition_BC = None if condition_BC is None else condition_BC.repeat(draws, 1)
        code = self.bottleneck(h_BH, sample=sample)
        # a network may work in bfloat16; likelihood and rate never do
        sent_BE = code.z_BZ if code.sent_BE is None else code.sent_BE
        raw_B___ = self.decoder(sent_BE, condition_BC).to(x_B___.dtype)
        return Trip(
            x_B___, seen_B___, code, raw_B___, self.likelihood.nll(raw_B___, x_B___), draws, condition_BC=condition_BC
        )

    def _suffered(self, x_B___: Tensor) -> tuple[Tensor, Tensor]:
        """What is asked back, and what is seen: of noisy rows that know no clean ones neither is the row itself."""
        if self.corruption is None or not self.training:
            return x_B___, x_B___
        return self.corruption.pair(x_B___)

    def h(self, seen_B___: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        """What the encoder tells the bottleneck of conditions as `conditions` gives them, in the type of the rows."""
        h_BH: Tensor = self.encoder(seen_B___, condition_BC)
        return h_BH.to(seen_B___.dtype)

    def conditions(self, condition_BC: Tensor | None, x_B___: Tensor) -> Tensor | None:
        """The conditions, which are unknown where none are given to a model that takes some."""
        return condition_BC if self.told is None else self.told(condition_BC, x_B___)

    def objective(self, trip: Trip, progress: float = 1.0) -> Tensor:
        """The objective of every row, shape (B,), when `progress` (0 to 1) of the training is done."""
        total_B, trip = trip.nll_B, trip._replace(progress=progress)
        for term in self.terms:
            if self.training or term.in_scores:
                total_B = total_B + term.weight(progress) * term(self, trip)  # type: ignore[operator]
        if trip.draws > 1:
            total_B = math.log(trip.draws) - (-total_B.view(trip.draws, -1)).logsumexp(0)
        return total_B

    def posterior(self, x_B___: Tensor, condition_BC: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of q(z|x), each (B, Z)."""
        return self.bottleneck.posterior(self.h(x_B___, self.conditions(condition_BC, x_B___)))

    def encode(self, x_B___: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        """The mean of q(z|x), shape (B, Z): deterministic."""
        return self.posterior(x_B___, condition_BC)[0]

    def indices(self, x_B___: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        """Which of its finitely many values each place of a discrete code has: whole numbers, (B, places).

        Raises
        ------
        InputError
            If the code isn't discrete.
        """
        if not isinstance(self.bottleneck, Discrete):
            raise InputError(f"a {type(self.bottleneck).__name__} code has no indices: fit vq, fsq or binary")
        return self.bottleneck.indices(self.h(x_B___, self.conditions(condition_BC, x_B___)))

    def decode(self, z_BZ: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        """The mean of p(x|z), in prepared units."""
        return self.likelihood.mean(self.decoder(self.bottleneck.sent(z_BZ), self.conditions(condition_BC, z_BZ)))

    def reconstruct(self, x_B___: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        """Encode and decode, in prepared units."""
        sent_BE = self.bottleneck.sent(self.encode(x_B___, condition_BC))
        return self.likelihood.mean_of_row(self.decoder(sent_BE, self.conditions(condition_BC, x_B___)), x_B___)
