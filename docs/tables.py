"""Puts the benchmarks' kept results into the README and the pages, between their markers. Run by `make docs`.

`--check` writes nothing and fails if a page is stale; CI runs it so.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def result(name: str) -> dict:
    return json.loads((RESULTS / f"{name}.json").read_text())


def summary() -> str:
    mnist, speed, infer = result("mnist30"), result("throughput"), result("inference")
    start, memory = result("startup"), result("memory")
    likelihood = result("evidence_nll")["pixel-vae"]["figures"]
    cell = {(c["network"], c["batch"]): c for c in speed["cells"]}
    rows = [
        ("MNIST, 30 code values, squared error per test picture, 9 minutes", f"{mnist['default']['test']:.2f}", f"PCA {mnist['pca']:.2f}; Hinton & Salakhutdinov 2006: 3.00"),
        ("the same with their body, 784-1000-500-250-30", f"{mnist['hand']['test']:.2f}", "the same"),
        ("binarised MNIST, NLL of the test part (k = 1000), pixel-vae, 30 minutes", f"{likelihood['nll']:.2f} nats", "Burda et al. 2016, 3,280 epochs: VAE 86.76, two-layer IWAE-50 82.90"),
    ]  # fmt: skip
    rows += [*detection(), *restoration(), *generation()]
    for (name, batch), found in cell.items():
        ratio = f"{found['ratio to pythae']:.2f}x Pythae, {found['ratio to plain']:.2f}x a plain PyTorch loop"
        rows.append((f"training, {name} VAE, batch {batch}", f"{found['isthmus']:,} pictures/s", ratio))
    rows += [
        ("encode 10,000 digits", f"{infer['encode']['isthmus, ms']:.0f} ms", f"{infer['encode']['ratio']:.1f}x Pythae's speed"),
        ("reconstruct 10,000 digits", f"{infer['reconstruct']['isthmus, ms']:.0f} ms", f"{infer['reconstruct']['ratio']:.1f}x Pythae's speed"),
        ("peak memory, fitting a 6 GB .npy", f"{memory['npy']['streamed']['peak, MB']} MB", f"{memory['npy']['speed kept']:.0%} of the speed in memory"),
        ("peak memory, fitting 60,000 PNG files", f"{memory['png']['streamed']['peak, MB']} MB", f"{memory['png']['speed kept']:.0%} of the speed in memory"),
        ("`import isthmus` / `isthmus --help`", f"{start['seconds']['import isthmus']:.2f} s / {start['seconds']['isthmus --help']:.2f} s", f"Python alone {start['seconds']['python alone']:.2f} s"),
    ]  # fmt: skip
    return table(("what", "Isthmus", "beside it"), rows) + f"\n\nMeasured on: {mnist['machine']}.\n"


def detection() -> list[tuple]:
    """Detector beside the best of PyOD's in each of ADBench's protocols."""
    found, rows = result("adbench"), []
    for kind in ("contaminated", "clean"):
        auroc = {name: kept["auroc"] for name, kept in found[f"all, {kind}"].items()}
        ours = auroc.pop("Isthmus Detector")
        best = max(auroc, key=lambda name: auroc[name])
        others = f"{best} {auroc[best]:.3f}; PyOD AutoEncoder {auroc['PyOD AutoEncoder']:.3f}"
        rows.append((f"anomalies, {found['tables']} tables of ADBench, {kind}, mean AUROC", f"{ours:.3f}", others))
    return rows


def restoration() -> list[tuple]:
    """The denoiser that ships beside BM3D and non-local means; what fits learned beside what a user would else reach for."""
    found = result("denoise")
    sets = found["shipped"]["Set12"] | found["classical"]["Set12"]
    psnr = {name: " / ".join(f"{figure:.2f}" for figure in sets[name].values()) for name in sets}
    filled = result("inpaint")["inpainting"]["masks"]
    large, heard = result("upscale")["set5"]["psnr"]["x2"], result("sound")["george"]["improvement"]
    peers = {mask: max(each["Telea"]["psnr"], each["Navier-Stokes"]["psnr"]) for mask, each in filled.items()}
    return [
        ("noise of 15 / 25 / 50 taken from Set12, PSNR in dB, the model that comes along", psnr["Isthmus"], f"BM3D {psnr['BM3D']}; non-local means {psnr['non-local means']}"),
        (f"MNIST digits filled, PSNR in dB: {' / '.join(filled)}", " / ".join(f"{each['Isthmus']['psnr']:.2f}" for each in filled.values()), f"the better of OpenCV's two: {' / '.join(f'{peer:.2f}' for peer in peers.values())}"),
        ("Set5 enlarged twice, PSNR in dB, 20 minutes for x2, x3 and x4", f"{large['Isthmus']:.2f}", f"bicubic {large['bicubic']:.2f}; SRCNN (Dong et al. 2016): 36.66"),
        ("speech of a speaker not learned, 0 dB, SI-SDR gained in white noise / babble", " / ".join(f"{heard[at]['Isthmus']:.1f} dB" for at in ("white 0", "babble 0")), "spectral gating " + " / ".join(f"{heard[at]['spectral gating']:.1f} dB" for at in ("white 0", "babble 0"))),
    ]  # fmt: skip


def speed() -> str:
    found = result("throughput")
    rows = [
        (c["network"], c["batch"], f"{c['isthmus']:,}", f"{c['pythae']:,}", f"{c['plain']:,}", c["ratio to pythae"])
        for c in found["cells"]
    ]
    busy = [f"batch {b['batch']}: {b['speed kept']:.0%}" for b in found["busy"]]
    losses = ", ".join(f"{peer} {loss}" for peer, loss in found["equal loss"].items())
    head = ("network", "batch", "Isthmus, pictures/s", "Pythae", "plain loop", "ratio to Pythae")
    return (
        table(head, rows) + f"\n\nSpeed kept while another process keeps one core busy (mlp): {', '.join(busy)}.\n"
        f"Loss on test pictures after ten epochs each (mlp, batch 128, nats): {losses}.\n"
    )


def denoising() -> str:
    found = result("denoise")
    places = [(name, level) for name in ("Set12", "Kodak") for level in ("15", "25", "50")]
    rows = [
        (f"{method}, {key}" if method.startswith("Isthmus") else method,
         *(f"{sets[name][method][level]:.2f}" if method in sets.get(name, {}) else "-" for name, level in places))
        for key, sets in found.items() if key != "machine"
        for method in dict.fromkeys(m for name in ("Set12", "Kodak") for m in sets.get(name, {}))
    ]  # fmt: skip
    head = ("PSNR in dB", *(f"{name} {level}" for name, level in places))
    speed = found["shipped"]
    return (
        table(head, rows)
        + f"\n\nThe model that ships here had {speed['steps']:,} steps of training. A grey picture of "
        f"512x512 took it {speed['seconds for 512x512']:.2f} s on one thread of a busy machine ({found['machine']}).\n"
    )


def inpainting() -> str:
    return filled_pictures("inpaint", "digits")


def faces() -> str:
    return filled_pictures("faces", "pictures")


def filled_pictures(name: str, what: str) -> str:
    found = {key: kept for key, kept in result(name).items() if key != "machine"}
    first = next(iter(found.values()))
    masks = first["masks"]
    ours = {f"Isthmus, {key}": {mask: kept["masks"][mask]["Isthmus"] for mask in masks} for key, kept in found.items()}
    peers = {name: {mask: masks[mask][name] for mask in masks} for name in ("Telea", "Navier-Stokes", "as seen")}
    rows = [
        (name, *(f"{by[mask]['psnr']:.2f} / {by[mask]['ssim']:.3f}" for mask in masks))
        for name, by in (ours | peers).items()
    ]
    about = [
        f"{key} {kept['minutes']:g} minutes ({kept['steps']:,} steps{', ' + str(kept['codes']) + ' code values' if kept['codes'] else ''})"
        for key, kept in found.items()
    ]
    return table(("PSNR in dB / SSIM", *masks), rows) + (
        f"\n\n{first['digits']} {what}; training on one thread of a busy machine: {', '.join(about)}.\n"
    )


def kernels() -> str:
    found = result("kernels")
    masks = next(iter(found["nets"].values()))["psnr"]
    rows = [
        (name, *(f"{kept['psnr'][mask]:.2f}" for mask in masks), f"{kept['roughness']:.3f}")
        for name, kept in found["nets"].items()
    ]
    text = table(("PSNR in dB", *masks, "roughness outside"), rows)
    return f"{text}\n\n{found['digits']} digits; {found['minutes']:g} minutes of training each on one thread of a busy machine.\n"


def imputing() -> str:
    parts = {key: kept for key, kept in result("impute").items() if key != "machine"}
    methods = next(iter(next(iter(parts.values())).values()))["rmse"]
    rows = [
        (f"{name.lstrip('0123456789_')}", "x".join(map(str, kept["shape"])), *(f"{kept['rmse'][m]:.3f}" for m in methods))
        for tables in parts.values() for name, kept in tables.items()
    ]  # fmt: skip
    return table(("table", "rows x columns", *methods), rows) + "\n"


def documents() -> str:
    found = result("documents")
    rows = [(method, f"{rmse:.4f}", f"{found['worst page'][method]:.4f}") for method, rmse in found["rmse"].items()]
    return (
        table(("RMSE, white is 1", "mean", "worst page"), rows) + f"\n\n{found['minutes']:g} minutes of training "
        f"({found['steps']:,} steps) on one thread of a busy machine, {found['pages']} pages learned, "
        f"{found['held out']} held out.\n"
    )


def upscaling() -> str:
    parts = {key: kept for key, kept in result("upscale").items() if key != "machine"}
    every = {what: figures for kept in parts.values() for what, figures in kept["psnr"].items()}
    methods = list(next(iter(every.values())))
    rows = [(method, *(f"{figures[method]:.2f}" for figures in every.values())) for method in methods]
    heads = [f"Set5 {what}" if what.startswith("x") else what for what in every]
    set5, faces = parts["set5"], parts["faces"]
    return (
        table(("PSNR in dB", *heads), rows)
        + f"\n\nSet5: {set5['minutes']:g} minutes of training ({set5['steps']:,} steps) "
        f"for all three factors; faces: {faces['minutes']:g} minutes ({faces['steps']:,} steps), {faces['learned']} pictures "
        f"learned, {faces['judged']} of other people judged; on one thread of a busy machine.\n"
    )


def drawing() -> str:
    found = {count: kept for count, kept in result("draw").items() if count != "machine"}
    first = next(iter(found.values()))
    heads = list(first["shares"]["true pictures"])[:-1]
    rows = [
        (f"{what}, {count} held out", *(f"{kept['shares'][what][head]:.1%}" for head in heads))
        for count, kept in found.items() for what in kept["shares"]
    ]  # fmt: skip
    return table(("as the caption says", *heads), rows) + (
        f"\n\n{first['captions']} captions each; {first['pictures']:,} pictures learned in {first['steps']:,} steps, "
        f"{first['seconds of one thread']} s of one thread's time.\n"
    )


def segmenting() -> str:
    found = result("segment")
    said = {"ink": "ink of scanned pages", "pasted": "pasted upon photographs"}
    parts = {key: kept for key, kept in found.items() if key in said}
    methods = list(next(iter(parts.values()))["IoU"])
    rows = [(m, *(f"{kept['IoU'][m]:.3f} / {kept['F1'][m]:.3f}" for kept in parts.values())) for m in methods]
    about = "; ".join(
        f"{said[key]}: {kept['minutes']:g} minutes of training ({kept['steps']:,} steps), {kept['learned']:,} pictures learned, "
        f"{kept['judged']} judged"
        for key, kept in parts.items()
    )
    return (
        table(("IoU / F1", *(said[key] for key in parts)), rows)
        + f"\n\n{about[0].upper()}{about[1:]}; on one thread of a busy machine.\n"
    )


def noise2self() -> str:
    found = {key: kept for key, kept in result("noise2self").items() if key != "machine"}
    rows = [(way, f"{psnr:.2f}") for kept in found.values() for way, psnr in kept["psnr"].items()]
    classical = result("denoise")["classical"]["Set12"]
    rows += [(f"nothing: {peer}, level told", f"{classical[peer]['25']:.2f}") for peer in ("non-local means", "BM3D")]
    about = next(iter(found.values()))
    minutes = ", ".join(f"{kept['minutes']:g}" for kept in found.values())
    return table(("PSNR in dB, Set12, noise of 25; learned from", ""), rows) + (
        f"\n\n{about['steps']:,} steps each, {minutes} minutes of one thread's work.\n"
    )


def video() -> str:
    found = result("video")
    rows = [(method, f"{psnr:.2f}") for method, psnr in found["psnr"].items()]
    return table(("PSNR in dB", "noise 25"), rows) + (
        f"\n\n{found['clips']} clips; windows learned for {found['minutes']:g} minutes of one thread's work "
        f"({found['steps']:,} steps); OpenCV's h = {found['strength']}.\n"
    )


def denoising_tables() -> str:
    found = {name: kept for name, kept in result("denoise_tables").items() if name != "machine"}
    rows = [
        (f"{name.lstrip('0123456789_')}", "x".join(map(str, kept["shape"])),
         *(f"{kept['rmse'][method]:.3f}" for method in ("Isthmus", "PCA", "as it is")), f"{kept['rmse']['components']:.1f}")
        for name, kept in found.items()
    ]  # fmt: skip
    return table(("table", "rows x columns", "Isthmus", "PCA", "as it is", "PCA's components"), rows) + "\n"


def sound() -> str:
    found = {speaker: kept for speaker, kept in result("sound").items() if speaker != "machine"}
    places = list(next(iter(found.values()))["improvement"])
    rows = [
        (f"{speaker}: {method}", *(f"{kept['improvement'][at][method]:+.2f}" for at in places))
        for speaker, kept in found.items() for method in ("Isthmus", "spectral gating")
    ]  # fmt: skip
    spent = ", ".join(f"{kept['steps']:,} steps, {kept['minutes']:g} minutes" for kept in found.values())
    return table(("SI-SDR gained, dB", *(f"{at} dB" for at in places)), rows) + (
        f"\n\nTraining: {spent} of one thread's time.\n"
    )


def music() -> str:
    found = result("music")
    tunes = found["tunes"]
    kinds = {"in the scale": ".0%", "on a beat": ".0%", "repeated": ".0%", "halves of one rhythm": ".0%",
             "lengths, distance": ".2f", "pitches, distance": ".2f", "coverage": ".2f", "copies of rows learned": ".0%",
             "different rows": ".0%"}  # fmt: skip
    rows = [
        (
            {"learned": "the tunes learned", "held out": "tunes held out"}.get(name, name),
            *(format(kept[what], kind) if what in kept else "" for what, kind in kinds.items()),
        )
        for name, kept in tunes.items()
    ]
    said = [
        f"{name}: {found[name]['minutes']:g} minutes of one thread ({found[name]['steps']:,} steps); steps given back right, "
        f"of tunes learned {found[name]['steps right, learned']:.1%}, held out {found[name]['steps right, held out']:.1%}"
        for name in ("lstm-vae", "vae")
    ]
    return (
        table(("rows", *kinds), rows)
        + f"\n\n{found['learned']} rows learned, {found['held out']} held out. {'. '.join(said)}.\n"
    )


def ways() -> str:
    found = result("music")
    kinds = {
        "in the scale": ".0%",
        "steps changed, of a way's mean": ".1%",
        "largest change, way": ".1%",
        "largest change, fade": ".1%",
    }
    rows = [(name, found[name]["between"]["files"], *(format(found[name]["between"][what], kind) for what, kind in kinds.items()))
            for name in ("lstm-vae", "vae")]  # fmt: skip
    return table(("way between two tunes", "files", *kinds), rows) + "\n"


def spoken() -> str:
    found = result("spoken")
    back = [
        (name, f"{kept['variance left']:.1%}", f"{kept['digit right']:.1%}")
        for name, kept in found["given back"].items()
    ]
    made = [
        (name, f"{kept['digit right']:.1%}", f"{kept['density']:.2f}", f"{kept['coverage']:.2f}")
        for name, kept in found["made"].items()
    ]
    return (
        table((f"{found['judged']} recordings given back", "variance left", "digit right"), back)
        + "\n\n"
        + table(("sounds made", "digit right", "density", "coverage"), made)
        + f"\n\n{found['values']} code values; {found['learned']:,} recordings learned, {found['minutes']:g} minutes of one thread "
        f"({found['steps']:,} steps).\n"
    )


def adbench() -> str:
    found = result("adbench")
    text = f"{found['tables']} tables, three seeds each; seconds are of all {6 * found['tables']} fits.\n"
    for part, title in (("even", "Even-numbered tables, which no default was chosen by"), ("all", "All tables")):
        contaminated, clean = found[f"{part}, contaminated"], found[f"{part}, clean"]
        rows = []
        for name in sorted(clean, key=lambda n: -contaminated[n]["auroc"] - clean[n]["auroc"]):
            cells = [
                cell
                for kept in (contaminated[name], clean[name])
                for cell in (f"{kept['auroc']:.3f}", f"{kept['ap']:.3f}", kept["rank"], ahead(kept))
            ]
            rows.append((name, *cells, found["seconds"][name]))
        kinds = [
            f"{what}, {kind}" for kind in ("contaminated", "clean") for what in ("AUROC", "AP", "rank", "ours ahead by")
        ]
        text += f"\n{title}:\n\n{table(('detector', *kinds, 'seconds'), rows)}\n"
    return text + f"\nMeasured on: {found['machine']}.\n"


def ahead(kept: dict) -> str:
    """By how much AUROC ours is ahead, with its interval."""
    gain = kept.get("ours minus it, auroc")
    return "" if gain is None else f"{gain[0]:+.3f} ({gain[1]:+.3f} to {gain[2]:+.3f})"


def one_class() -> str:
    found = result("one_class")
    digits = found["mnist"]["auroc"]
    rows = [(*(f"{digits[d]:.3f}" for d in digits), f"**{found['mnist']['mean']:.4f}**", found["mnist"]["seconds"])]
    return table((*digits, "mean", "seconds, all ten"), rows) + "\n"


def strangers() -> str:
    found = result("strangers")
    auroc = ", ".join(f"{name} {figure:.3f}" for name, figure in found["auroc"].items())
    return (
        f"AUROC of strangers among test digits: {auroc}. Of test digits {found['flagged']:.2%} were flagged; their mean "
        f"squared error is {found['squared error of a pixel, test digits']:.4f} of a pixel between 0 and 1.\n"
    )


def million() -> str:
    found = result("million")
    rows, columns = found["shape"]
    speed = found["rows scored per second, median"]
    return (
        f"A table of {rows:,} rows and {columns} columns ({found['data, MB']} MB) was fitted and scored in "
        f"{found['fit, which scores too, s']:.0f} s; scoring alone went at {speed:,} rows a second; memory peaked at "
        f"{found['peak, MB']:,} MB, with {found['peak before, MB']:,} MB before (`benchmarks/million.py`). "
        f"Measured on: {found['machine']}.\n"
    )


def nab() -> str:
    found = result("nab")
    files = found.pop("files")
    columns = ("all", "odd", "even", "even, threshold of the odd")
    rows = [
        (name, figures["every row"]["all"], *(figures["alarms"][column] for column in columns))
        for name, figures in found.items()
        if name != "machine"
    ]
    head = ("detector", "every row, all files", *(f"alarms, {column}" for column in columns))
    seeds = ", ".join(map(str, found["Detector"]["all, by seed"]))
    said = f"{files['all']} files, {files['windows']} windows; means over seeds; Detector's alarms on all files by seed: {seeds}."
    return table(head, rows) + f"\n\n{said}\n"


def ecg5000() -> str:
    found = result("ecg5000")
    peers = [name for name in found["test"] if name != "Detector by seed"]
    rows = [(name, f"{found['held out'][name]:.3f}", f"{found['test'][name]:.3f}") for name in peers]
    seeds = ", ".join(f"{auroc:.3f}" for auroc in found["test"]["Detector by seed"])
    head = ("detector", "held out of the training part", "test part")
    return table(head, rows) + f"\n\nAUROC; Detector's by seed on the test part: {seeds}.\n"


def interpolating() -> str:
    found = result("interpolate")
    rows = [
        (name, f"{kept['confident']:.1%}", *(f"{kept[figure]:.3f}" for figure in ("precision", "density", "coverage")))
        for name, kept in found["midpoints"].items()
    ]
    even = ", ".join(f"{name} {kept['move']:.2f} and {kept['jump']:.2f}" for name, kept in found["continuity"].items())
    return (
        table(("midpoints of", "judge is sure", "precision", "density", "coverage"), rows)
        + f"\n\n{found['pairs']:,} pairs; models of 32 code values, {found['epochs']} epochs. Move at each of ten steps and the "
        f"largest over the mean, of 300 pairs: {even}.\n"
    )


def editing() -> str:
    found = result("edit")
    models = found["test"]
    ways = [("unedited", "vae", "unedited")] + [
        (f"{name}, {way}", name, way) for name in models for way in ("edited", "detail kept")
    ]
    changes = list(models["vae"])
    rows = [
        (
            said,
            *(
                f"{models[name][change][way]['psnr']:.2f} / {models[name][change][way]['same class']:.1%}"
                for change in changes
            ),
        )
        for said, name, way in ways
    ]
    rows.append(("the truth", *(f" / {models['vae'][change]['the truth']['same class']:.1%}" for change in changes)))
    reaches = {name: [f"{kept[change]['reach']:g}" for change in changes] for name, kept in models.items()}
    reach = "; ".join(f"{name} {', '.join(each)}" for name, each in reaches.items())
    return (
        table(("PSNR in dB / same class", *changes), rows)
        + f"\n\n{found['digits']} test digits; models of 32 code values, "
        f"{found['epochs']} epochs. The amounts up to which half stay on the data (at most 4): {reach}. "
        f"Over all changes of {found['digits']} digits of the training part that no model learned from the class stays most "
        f"often of {found['chosen'][0]}, {found['chosen'][1]}: drawn below.\n"
    )


def codemaps() -> str:
    found = result("codemaps")
    rows = [
        (name, *(f"{kept[figure]:{form}}" if figure in kept else "" for figure, form in
                 (("completeness", ".1%"), ("coverage", ".3f"), ("move", ".2f"), ("jump", ".2f"), ("squared error", ".1f"))))
        for name, kept in found["models"].items()
    ]  # fmt: skip
    head = ("codes drawn from", "completeness", "coverage", "move", "jump", "squared error")
    return (
        table(head, rows)
        + f'\n\n10,000 samples; {found["epochs"]} epochs, of 32 values twice as many; "digits" are those of the test part itself.\n'
    )


def synthetic() -> str:
    found = result("tables")["tables"]
    ways = [way for way in next(iter(found.values())) if way != "about"]
    titles = {
        "tstr": "AUROC on real rows of a random forest that learned from made ones",
        "columns": "Mean distance of columns",
        "pairs": "Mean distance of pairs",
        "copies": "Copies; nothing is copied where they are a half, within their error",
    }
    text = ""
    for figure, title in titles.items():
        rows = [(name, *(cell(each[way], figure) for way in ways)) for name, each in found.items()]
        text += f"{title}:\n\n{table(('table', *ways), rows)}\n\n"
    rows = []
    for name, each in found.items():
        real, took = f"{each['Isthmus']['trtr']:.3f}", [f"{each[way]['seconds']:.0f}" for way in ("Isthmus", "TVAE")]
        rows.append((name, *each["about"].values(), real, *took, f"{each['TVAE']['epochs']:.0f}"))
    about = ("rows", "columns", "seeds", "AUROC, learned from real rows")
    head = ("table", *about, "Isthmus, s of one thread", "TVAE, s", "its epochs")
    return text + f"{table(head, rows)}\n\nMeasured on: {result('tables')['machine']}.\n"


def cell(figures: dict, name: str) -> str:
    """A figure, and its error where it has one."""
    error = figures.get(f"{name} error")
    return f"{figures[name]:.3f}" + (f" ± {error:.3f}" if error is not None else "")


def table(head: tuple, rows: list[tuple]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def generation() -> list[tuple]:
    """What was drawn, beside what a user would else draw by."""
    mnist, tables = result("generate"), result("tables")["tables"]
    frechet = {
        (name, source): values["frechet"]
        for name, figures in mnist["results"].items()
        for source, values in figures.items()
        if isinstance(values, dict)
    }
    peers = {name: distance for (name, source), distance in frechet.items() if "Pythae" in name and source == "prior"}
    best = min(peers, key=lambda name: peers[name])
    others = f"{best} {peers[best]:.1f}; a mixture of ten gaussians {frechet['simple', 'mixture of 10']:.1f}"
    mean = {
        way: sum(each[source][figure] for each in tables.values()) / len(tables)
        for way, source, figure in (("ours", "Isthmus", "tstr"), ("TVAE", "TVAE", "tstr"), ("real", "Isthmus", "trtr"))
    }
    turned = result("edit")["test"]["ae"]["turn 15 degrees"]
    drawn = result("draw")["12"]
    return [
        (f"MNIST, Frechet distance of 10,000 pictures drawn from rae's prior, {mnist['minutes']:g} minutes", f"{frechet['rae', 'prior']:.1f}", others),
        (f"made rows of {len(tables)} tables, AUROC on real ones of what learned from them", f"{mean['ours']:.3f}", f"TVAE in the same time {mean['TVAE']:.3f}; learned from real rows {mean['real']:.3f}"),
        ("test digits turned by 15 degrees through their codes, PSNR in dB", f"{turned['detail kept']['psnr']:.2f}", f"as they were {turned['unedited']['psnr']:.2f}"),
        (f"{drawn['captions']} captions of combinations never learned, drawn with shape, size and place right", f"{drawn['shares']['held-out combinations']['all three']:.1%}", f"by the same judge, true pictures {drawn['shares']['true pictures']['all three']:.1%}"),
    ]  # fmt: skip


def generating() -> str:
    """Every source of benchmarks/generate.py, one row for each density of its codes."""
    found = result("generate")
    columns = ("Frechet", "precision", "recall", "density", "coverage", "digits", "copies")
    rows = []
    for name, figures in found["results"].items():
        for source, values in figures.items():
            if isinstance(values, dict):
                shown = [f"{values[column.lower()]:.3f}" for column in columns[1:]]
                rows.append((f"{name}, {source}" if name != "simple" else source, f"{values['frechet']:.1f}", *shown))
    return table(("pictures drawn from", *columns), rows) + "\n"


TABLES = {
    "summary": summary,
    "speed": speed,
    "adbench": adbench,
    "one_class": one_class,
    "million": million,
    "strangers": strangers,
    "nab": nab,
    "ecg5000": ecg5000,
    "denoising": denoising,
    "documents": documents,
    "noise2self": noise2self,
    "video": video,
    "denoising_tables": denoising_tables,
    "faces": faces,
    "kernels": kernels,
    "sound": sound,
    "music": music,
    "ways": ways,
    "spoken": spoken,
    "inpainting": inpainting,
    "imputing": imputing,
    "drawing": drawing,
    "upscaling": upscaling,
    "segmenting": segmenting,
    "generating": generating,
    "interpolating": interpolating,
    "editing": editing,
    "codemaps": codemaps,
    "synthetic": synthetic,
}


def filled(page: str) -> str:
    def fill(match: re.Match[str]) -> str:
        return f"<!-- table: {match[1]} -->\n{TABLES[match[1]]()}<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end -->", fill, page, flags=re.DOTALL)


def main() -> None:
    stale = [page for page in PAGES if filled(page.read_text()) != page.read_text()]
    if "--check" in sys.argv:
        sys.exit(f"stale: {[str(p.relative_to(ROOT)) for p in stale]}; run `make docs`" if stale else 0)
    for page in stale:
        page.write_text(filled(page.read_text()))


if __name__ == "__main__":
    main()
