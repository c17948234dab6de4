"""The commands. Nothing heavy is imported until a command runs, so that --help is instant."""

import json
from pathlib import Path
from typing import Any

import click

from isthmus import __version__
from isthmus.cli.options import (
    DECAY,
    WIDTHS,
    Box,
    LatentDim,
    Numbers,
    Setting,
    Share,
    Target,
    Where,
    captions_option,
    data_argument,
    data_options,
    model_argument,
    output_options,
    output_to,
    work_options,
)

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=SETTINGS)
@click.version_option(__version__, prog_name="isthmus")
def app() -> None:
    """Autoencoders as a tool: fit one to your own data, keep it in one file, use it.

    \b
    isthmus fit digits                            fit to scikit-learn's digits, write model and report
    isthmus fit table.csv --latent-dim 4          fit to your own table
    isthmus fit photos/ --size 64x64 -o m.safetensors
    isthmus encode m.safetensors photos/ -o codes.csv
    isthmus reconstruct m.safetensors photos/ -o rebuilt/
    isthmus evaluate m.safetensors photos/        every figure that applies
    isthmus doctor m.safetensors photos/          what often goes wrong, if it did
    isthmus detect table.csv                      the anomalies, and why
    isthmus denoise photo.png -o clean.png        a picture of any size without its noise; so sounds
    isthmus inpaint m.safetensors gaps.csv -o filled.csv
    isthmus upscale m.safetensors small/ -o large/
    isthmus segment m.safetensors photos/ -o masks/
    isthmus generate m.safetensors -n 100 -o sheet.png
    isthmus draw m.safetensors "a small heart at the upper left" -o heart.png

    DATA is a .csv, .parquet, .feather, .npy or .npz file, counts in .mtx, .biom, .h5ad or a sparse .npz, texts in
    .jsonl, a folder of pictures, of .txt or of .mid, or one of the built-in sets digits, wine, breast-cancer, diabetes,
    shapes, captioned-shapes, tunes. What is restored may also be sounds (.wav, .flac) or clips (.mp4, .mov, .mkv).

    Exit codes: 0 done, 2 your mistake (one line says which), 1 ours.
    """


@app.command()
@data_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Model file.  [default: NAME.safetensors]")
@click.option("--recipe", default="ae", show_default=True, help="Which autoencoder; see `isthmus recipes`.")
@click.option(
    "--latent-dim", type=LatentDim(),
    help="Number of code values; auto: the knee of error against it.  [default: root of the number of features]",
)  # fmt: skip
@click.option(
    "--set", "options", type=Setting(), multiple=True, metavar="NAME=VALUE",
    help="An option of the recipe, such as beta=4; repeatable.",
)  # fmt: skip
@click.option(
    "--network", default="auto", show_default=True, help="dense, conv, vit, lstm or gru; residual for --noise."
)
@click.option(
    "--hidden",
    type=WIDTHS,
    metavar="N,N,...",
    help="Widths of the encoder's layers (dense, lstm, gru) or stages (conv); residual: 64x11, on a GPU 128x31.",
)
@click.option("--activation", default="auto", show_default=True, help="relu, silu, gelu, elu or tanh.")
@click.option("--norm", default="auto", show_default=True, help="layer or none, for dense networks.")
@click.option(
    "--likelihood",
    default="auto",
    show_default=True,
    help="gaussian, laplace, bernoulli, mixed, multinomial, negative-binomial or gaussian:0.1.",
)
@click.option("--corruption", default="", metavar="NAME:AMOUNT", help="What the encoder's input suffers: gaussian:0.3.")
@click.option(
    "--noise", metavar="WORD:AMOUNT",
    help="Restore pictures of any size: gaussian:LEVEL or FROM-TO of 255, holes, downscale:2-4; or sounds: white:SNR, "
    "babble:SNR or any:SNR or FROM-TO in dB, drawn anew for each; babble is the sum of other clips, any is either.",
)  # fmt: skip
@click.option(
    "--target", type=Target(path_type=Path), metavar="FOLDER|self",
    help="Learn from pairs: what DATA, a folder of damaged pictures or sounds, are to become, or their masks; matched "
    "by name. self: DATA are noisy, and nothing else is known (but --noise gaussian:LEVEL, if that is).",
)  # fmt: skip
@click.option(
    "--penalty", "penalties", type=Setting(), multiple=True, metavar="NAME=WEIGHT",
    help="A term added to what is made small, such as l1=0.1; repeatable.",
)  # fmt: skip
@click.option(
    "--epochs",
    type=int,
    help="Passes over the data.  [default: enough for 4,000 steps; 6,000 with --noise or --target]",
)
@click.option("--minutes", type=float, help="Time budget instead; the learning rate falls to 0 at its end.")
@click.option(
    "--batch-size", type=int, help="Rows per step.  [default: near the root of their number; 16 with --noise]"
)
@click.option("--learning-rate", type=float, help="Its peak.  [default: the recipe's, most often 0.002]")
@click.option("--weight-decay", type=float, help="[default: the recipe's, most often 0.01]")
@click.option("--optimizer", default="adamw", show_default=True, help="adamw, adam or sgd (with Nesterov momentum).")
@click.option(
    "--ema", type=DECAY, help="Keep averaged weights: a decay, auto or 0.  [default: the recipe's, most often 0]"
)
@click.option("--accumulate", type=int, default=1, show_default=True, help="Batches that make one step together.")
@click.option(
    "--numbers", default="auto", show_default=True,
    help="Tables: standard, or quantile: bent by their ranks to be normally distributed; auto: the recipe's choice.",
)  # fmt: skip
@click.option(
    "--shift",
    type=int,
    default=0,
    show_default=True,
    help="Pictures: move by up to so many pixels, at random; music: by up to so many semitones.",
)
@click.option("--binarize", is_flag=True, help="For bernoulli: draw each cell as 0 or 1, anew at every step.")
@click.option(
    "--validation",
    default="0.1",
    show_default=True,
    help="Share or number of rows held out, or a file of them.",
)
@click.option(
    "--patience",
    default="auto",
    show_default=True,
    help="Epochs to wait for improvement; none: never stop early.",
)
@click.option("--precision", default="auto", show_default=True, help="float32 or bfloat16.")
@click.option("--device", default="auto", show_default=True, help="cpu or cuda.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=0,
    show_default=True,
    help="Repeats a fit to the bit on one CPU.",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of a run that was stopped.")
@click.option("--checkpoint-every", type=float, default=30.0, show_default=True, help="Seconds between checkpoints.")
@click.option("--tensorboard", type=click.Path(path_type=Path), metavar="FOLDER", help="Write TensorBoard events too.")
@click.option("--report/--no-report", default=True, show_default=True, help="Write the HTML page beside the model.")
@captions_option
@data_options
@output_options
def fit(**asked: Any) -> None:
    """Fit an autoencoder to DATA; write model, report (.html) and metrics (.jsonl; of .jsonl DATA .metrics.jsonl).

    Ctrl-C ends training and keeps the best model so far. A run that dies is continued with --resume. With --captions
    the recipe is drawing, unless another is named.
    """
    from isthmus.cli.fitting import fit_command

    fit_command(**asked)


@app.command("lr-find")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Draw the curve to this .svg file.")
@click.option("--steps", type=int, default=300, show_default=True, help="Steps from the lowest rate to the highest.")
def find_rate(**asked: Any) -> None:
    """Try rising learning rates on DATA, and say which suits; takes the options of `fit`, writes no model.

    The suggestion is where the loss falls fastest (Smith, WACV 2017): give it to fit as --learning-rate.
    """
    from isthmus.cli.finding import find_rate_command

    find_rate_command(**asked)


OF_A_RUN = ("output", "resume", "checkpoint_every", "tensorboard", "report", "epochs", "minutes", "patience",
            "learning_rate", "noise", "target")  # fmt: skip
"""Options of `fit` that say nothing to a trial of a few hundred steps."""
find_rate.params[:0] = [param for param in fit.params if param.name not in OF_A_RUN]


@app.command()
@model_argument
@data_argument
@output_to(".csv, .parquet, .feather, .npy or .npz.")
@click.option("--std", is_flag=True, help="Write the posterior's standard deviations too.")
@captions_option
@data_options
@output_options
def encode(**asked: Any) -> None:
    """Write the code of every row of DATA."""
    from isthmus.cli.using import encode_command

    encode_command(**asked)


@app.command()
@model_argument
@click.argument("codes", type=click.Path(path_type=Path))
@output_to("A table, array or folder of pictures.")
@click.option("--label", metavar="VALUE", help="For a conditional recipe: the class that all rows shall be of.")
@output_options
def decode(**asked: Any) -> None:
    """Write the rows that CODES (a table or array of code values) stand for."""
    from isthmus.cli.using import decode_command

    decode_command(**asked)


@app.command()
@model_argument
@data_argument
@output_to("A table, array or folder of pictures.")
@captions_option
@data_options
@output_options
def reconstruct(**asked: Any) -> None:
    """Encode and decode every row of DATA; same names, columns, order and types as came in.

    Of a long table of series the rows of each series come together, in the order of the series' first rows.
    """
    from isthmus.cli.using import reconstruct_command

    reconstruct_command(**asked)


@app.command()
@model_argument
@data_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), help="HTML page.  [default: MODEL's name with .html]")
@captions_option
@data_options
@output_options
def report(**asked: Any) -> None:
    """Judge MODEL on DATA: a table beside PCA's figures, and one self-contained HTML page."""
    from isthmus.cli.using import report_command

    report_command(**asked)


@app.command()
@model_argument
@data_argument
@click.option(
    "--draws", type=click.IntRange(1), default=100, show_default=True, help="Codes drawn per row for the NLL."
)
@click.option(
    "--samples", type=click.IntRange(1), metavar="N",
    help="Also make N rows, and judge them beside those of a gaussian, a mixture and probabilistic PCA.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@captions_option
@data_options
def evaluate(**asked: Any) -> None:
    """Judge MODEL on DATA by every figure that applies: errors, bounds, use and regularity of the code."""
    from isthmus.cli.judging import evaluate_command

    evaluate_command(**asked)


@app.command()
@model_argument
@data_argument
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@captions_option
@data_options
def doctor(**asked: Any) -> None:
    """Say in plain words what went wrong with MODEL on DATA, and what to do; often that is nothing."""
    from isthmus.cli.judging import doctor_command

    doctor_command(**asked)


@app.command()
@click.argument("target", metavar="DATA|MODEL")
@click.argument("data", metavar="[DATA]", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write every row's score to this table or array.")
@click.option("--save", type=click.Path(path_type=Path), help="Keep the detector in this .safetensors file.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the strangest rows and why to this .html page.")
@click.option("--top", type=click.IntRange(0), default=10, show_default=True, help="How many rows are listed.")
@click.option("--false-alarms", type=float, metavar="SHARE", help="Flag no more than this share of normal rows.")
@click.option("--fdr", type=float, metavar="SHARE", help="Of the rows flagged no more than this share is normal.")
@click.option(
    "--contamination", type=float, default=0.1, show_default=True, metavar="SHARE",
    help="Without a promise: flag this share of the rows fitted, the strangest.",
)  # fmt: skip
@click.option(
    "--calibration", type=Share(), default="0.3", show_default=True,
    help="For a promise: the share of the rows, or how many, that nothing is learned from.",
)  # fmt: skip
@click.option("--normal-only", is_flag=True, help="DATA hold no anomalies: learn from them as they are.")
@click.option("--normal", metavar="VALUE", help="With --label: the label of normal rows.  [default: 0, false, normal]")
@click.option("--device", default="auto", show_default=True, help="cpu or cuda.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, show_default=True)
@data_options
@output_options
def detect(**asked: Any) -> None:
    """Find the anomalies in DATA, which nobody labelled, and say why.

    Or score DATA by the detector in MODEL, which --save wrote. With - for DATA, CSV or JSON lines are read from
    standard input, and come out scored as soon as they are in.

    \b
    isthmus detect table.csv --report anomalies.html
    isthmus detect parts/ --normal-only --false-alarms 0.01 --save parts.safetensors
    isthmus detect parts.safetensors new/ -o scores.csv
    isthmus detect long.csv --window 100 -o scores.csv        one series: a score for each step
    tail -f log.csv | isthmus detect table.safetensors -
    """
    from isthmus.cli.detecting import detect_command

    context = click.get_current_context()
    by_hand = click.core.ParameterSource.COMMANDLINE
    given = frozenset(name for name in asked if context.get_parameter_source(name) is by_hand)
    detect_command(given, **asked)


@app.command()
@click.argument("model", metavar="[MODEL]")
@click.argument("pictures", metavar="NOISY", required=False)
@output_to("The picture, sound or clip, or the folder of such, or the table, to write.")
@click.option(
    "--level",
    type=float,
    help="Of pictures and clips: standard deviation of the noise, white being 255.  [default: estimated]",
)
@click.option(
    "--report", type=click.Path(path_type=Path),
    help="Of pictures: write before, after and difference to this .html page.",
)  # fmt: skip
@work_options("Of all but clips: the clean file or folder, to judge the result by.")
def denoise(**asked: Any) -> None:
    """Take the noise from NOISY, a file or a folder, by MODEL or, of pictures, the model that comes along.

    Pictures are of any size; depth, alpha, colour profile and orientation stay as they are. Sounds are .wav or .flac
    files of any length; rate, channels, depth and container stay as they are. Clips (.mp4, .mov, .mkv) keep their
    sound. Fit a model of your own by `isthmus fit clean/ --recipe denoising --noise gaussian:0-55`, of pairs by
    `isthmus fit dirty/ --target clean/`, or of noisy ones alone by `isthmus fit dirty/ --target self`.

    \b
    isthmus denoise photo.png -o clean.png
    isthmus denoise mine.safetensors scans/ -o clean/ --level 12
    isthmus denoise clip.mp4 -o clean.mp4
    isthmus fit voices/ --recipe denoising --noise any:0-10 -o speech.safetensors
    isthmus denoise speech.safetensors noisy.wav -o clean.wav --clean reference.wav
    isthmus denoise table.safetensors noisy.csv -o clean.csv      of a fit with --corruption gaussian:0.3
    """
    from isthmus.cli.denoising import denoise_command

    denoise_command(**asked)


@app.command()
@model_argument
@click.argument("pictures", metavar="PICTURES")
@output_to("The picture, or the folder of pictures, to write.")
@click.option("--factor", type=int, help="How many times larger.  [default: the smallest that MODEL learned]")
@work_options("The large picture or folder, to judge the result by.")
def upscale(**asked: Any) -> None:
    """Enlarge PICTURES, a file or a folder of any sizes, by MODEL.

    Depth, alpha, colour profile and orientation stay as they are. Fit a model by
    `isthmus fit photos/ --recipe upscaling`, which learns to enlarge 2, 3 and 4 times.

    \b
    isthmus upscale m.safetensors small.png -o large.png --factor 3
    """
    from isthmus.cli.upscaling import upscale_command

    upscale_command(**asked)


@app.command()
@model_argument
@click.argument("pictures", metavar="PICTURES")
@output_to("The mask, or the folder of masks, to write.")
@click.option("--soft", is_flag=True, help="Write how likely each pixel is the object's instead of black and white.")
@work_options("The true mask or folder, to judge the result by.")
def segment(**asked: Any) -> None:
    """Write masks of PICTURES, a file or a folder of any sizes, by MODEL: white is the object.

    Masks are of 8 bits, as the pictures are shown. Fit a model by
    `isthmus fit pictures/ --target masks/ --recipe segmenting`, from masks that are light where the object is.

    \b
    isthmus segment m.safetensors photo.jpg -o mask.png --clean true.png
    """
    from isthmus.cli.segmenting import segment_command

    segment_command(**asked)


@app.command()
@model_argument
@data_argument
@output_to("A table, array or folder of pictures.")
@click.option(
    "--mask", type=click.Path(path_type=Path), help="What is unknown: a picture, light there, or a .npy file."
)
@click.option("--box", type=Box(), help="What is unknown of every picture: left, top, width and height in pixels.")
@click.option(
    "--like", metavar="DATA", help="Complete rows: of a recipe without a prior their codes say what is usual."
)
@click.option("--beta", type=float, default=1.0, show_default=True, help="Weight of the rate, minus log p(code).")
@click.option("--steps", type=click.IntRange(0), default=200, show_default=True, help="Of gradient, from each start.")
@click.option("--blend", is_flag=True, help="Tables: mix in what rows of --like hold that agree with what is known.")
@click.option("--judge", is_flag=True, help="Tables: hide a tenth of the known numbers, and compare with imputers.")
@click.option("--clean", type=click.Path(path_type=Path), help="Pictures as they were, to judge the result by.")
@click.option(
    "--report", type=click.Path(path_type=Path), help="Write before and after, and the search, to this .html page."
)
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, show_default=True)
@click.option("--device", default="auto", show_default=True, help="cpu or cuda.")
@data_options
@output_options
def inpaint(**asked: Any) -> None:
    """Fill the empty cells of a table, or what a mask hides of pictures, by MODEL; all that is known stays as it is.

    A model of recipe inpainting learned to fill: pictures of any size, in one pass. Of any other the code is searched
    whose reconstruction agrees best with what is known, and pictures are of the size that it learned.

    \b
    isthmus fit table.csv --recipe vae --hidden none --latent-dim 13 -o m.safetensors
    isthmus inpaint m.safetensors gaps.csv -o filled.csv --judge
    isthmus fit photos/ --recipe inpainting -o fill.safetensors
    isthmus inpaint fill.safetensors damaged/ --box 4,8,10,10 -o filled/
    """
    from isthmus.cli.inpainting import inpaint_command

    inpaint_command(**asked)


@app.command()
@model_argument
@output_to("A table, array or folder of pictures; .png: one sheet of pictures; .mid, .wav or a folder: music, sounds.")
@click.option("-n", "rows", type=click.IntRange(1), default=64, show_default=True, help="How many rows.")
@click.option(
    "--density", default="prior", show_default=True,
    help="Where codes are drawn from: prior, or mixture or flow, fitted to the codes of --fitted-to.",
)  # fmt: skip
@click.option("--fitted-to", metavar="DATA", help="The rows, of training at best, to whose codes a density is fitted.")
@click.option("--where", type=Where(), help="Rows of one class, such as label=7.")
@click.option("--like", metavar="FILE", help="One row: codes are drawn about its code.")
@click.option("--spread", type=float, default=0.3, show_default=True, help="How far from it, in standard deviations.")
@click.option("--temperature", type=float, default=1.0, show_default=True, help="Below 1: more usual, less varied.")
@click.option(
    "--draw", default="auto", show_default=True,
    help="mean or sample of p(x|code); auto: sample of tables, mean of all else.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, show_default=True)
@data_options
@output_options
def generate(**asked: Any) -> None:
    """Draw new rows from MODEL, like those it was fitted on. The same seed gives the same rows.

    \b
    isthmus generate digits.safetensors -n 100 -o sheet.png
    isthmus generate digits.safetensors --density mixture --fitted-to digits --where label=7 -o sevens/
    isthmus generate table.safetensors -n 10000 -o synthetic.csv
    isthmus generate tunes.safetensors -n 4 -o new.mid
    """
    from isthmus.cli.generating import generate_command

    generate_command(**asked)


@app.command()
@model_argument
@click.argument("caption")
@output_to("A .png file of one picture, or of several on a sheet; or an array or folder of pictures.")
@click.option("-n", "rows", type=click.IntRange(1), default=1, show_default=True, help="How many drawings.")
@click.option("--temperature", type=float, default=1.0, show_default=True, help="Below 1: more usual, less varied.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, show_default=True)
@output_options
def draw(**asked: Any) -> None:
    """Draw what CAPTION says, by a MODEL that was fitted with --captions. The same seed gives the same picture.

    \b
    isthmus fit pictures/ --captions captions.csv -o m.safetensors       of file,caption, matched by name
    isthmus fit captioned-shapes --captions builtin -o m.safetensors     to try it: shapes that come along
    isthmus draw m.safetensors "a small heart at the upper left" -o heart.png
    isthmus draw m.safetensors "a small heart" -n 9 -o hearts.png        a sheet of several
    """
    from isthmus.cli.drawing import draw_command

    draw_command(**asked)


@app.command()
@model_argument
@data_argument
@output_to("A .png strip, .gif or .mp4 of pictures, above or left the way through codes; .mid; .wav; a table or array.")
@click.option("--rows", type=Numbers(), help="The rows to go through, counted from 0, such as 3,17,3.  [default: all]")
@click.option("--steps", type=click.IntRange(1, 1000), default=10, show_default=True, help="From one row to the next.")
@click.option("--way", default="linear", show_default=True, help="Through codes: linear or spherical.")
@data_options
@output_options
def interpolate(**asked: Any) -> None:
    """Go from row to row of DATA through the codes of MODEL, beside the fade of one row into the next.

    \b
    isthmus interpolate digits.safetensors digits --rows 0,7 -o strip.png
    isthmus interpolate digits.safetensors digits --rows 0,7,4,0 --way spherical -o tour.gif
    isthmus interpolate digits.safetensors mine/ -o tour.mp4

    Clips take the package PyAV: pip install 'isthmus[video]'.
    """
    from isthmus.cli.interpolating import interpolate_command

    interpolate_command(**asked)


@app.command()
@model_argument
@data_argument
@output_to("A table, array or folder of pictures; a .png file is a sheet: above the rows, below them what they became.")
@click.option("--more", metavar="LABEL", help="Towards the rows of --fitted-to that have this label.")
@click.option("--less", metavar="LABEL", help="Away from them.")
@click.option("--turn", type=float, metavar="DEGREES", help="As pictures that are turned, against the clock.")
@click.option("--zoom", type=float, metavar="FACTOR", help="As pictures that are larger.")
@click.option("--right", type=float, metavar="PIXELS", help="As pictures that are moved.")
@click.option("--down", type=float, metavar="PIXELS", help="As pictures that are moved.")
@click.option("--brighten", type=float, metavar="SHARE", help="As pictures that are lighter, by a share of white.")
@click.option(
    "--pairs", nargs=2, metavar="BEFORE AFTER",
    help="As rows of your own became: two folders of pictures of the same names, or files of rows in the same order.",
)  # fmt: skip
@click.option("--fitted-to", metavar="DATA", help="Rows to learn the change from; training ones at best.")
@click.option("--amount", type=float, default=1.0, show_default=True, help="How many times over; below 0: back.")
@click.option(
    "--how", default="means", show_default=True, help="Of labels: the difference of means, or a linear probe's way."
)
@click.option("--apart-from", multiple=True, metavar="LABEL", help="Not towards or away from these; repeatable.")
@click.option(
    "--keep-detail", is_flag=True, help="Add the change to the rows themselves, not to their reconstructions."
)
@data_options
@output_options
def edit(**asked: Any) -> None:
    """Change the rows of DATA by changing their codes, and say how far that can go before they leave the data.

    What a label or a transformation does to codes is learned from the rows of --fitted-to.

    \b
    isthmus edit faces.safetensors me/ --more glasses --fitted-to faces/ -o me-with-glasses.png
    isthmus edit faces.safetensors me/ --more smiling --apart-from female --fitted-to faces/ -o smile/
    isthmus edit faces.safetensors me/ --pairs facing/ aside/ -o turned.png
    isthmus edit digits.safetensors digits --turn 15 --fitted-to digits -o turned.npy
    """
    from isthmus.cli.editing import edit_command

    edit_command(**asked)


@app.command()
@model_argument
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(model: Path, as_json: bool) -> None:
    """Say what a model file holds: parts, data, training, held-out figures."""
    from isthmus.cli.using import info_command

    info_command(model, as_json)


@app.command("recipes")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_recipes(as_json: bool) -> None:
    """List the autoencoders that --recipe knows, their options and sources."""
    from isthmus import recipes

    table = [recipes.get(name) for name in recipes.names()]
    if as_json:
        told = ("name", "summary", "kinds", "options", "source")
        click.echo(json.dumps([{name: getattr(recipe, name) for name in told} for recipe in table]))
        return
    from rich.console import Console

    from isthmus.report.terminal import show_recipes

    show_recipes(Console(), table)
