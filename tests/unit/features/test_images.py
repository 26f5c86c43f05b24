import numpy as np
import pytest
from PIL import Image

import forge
from spml.artifacts import features, manifest
from spml.features import images
from spml.features.preprocessing import Preprocessing
from spml.runtime.errors import InputError


@pytest.fixture
def picture():
    """Left half dark, right half light, a bright corner at the top left."""
    pixels = np.full((40, 60, 3), 60, np.uint8)
    pixels[:, 30:] = 180
    pixels[:10, :10] = 250
    return Image.fromarray(pixels)


SETTINGS = {
    "backbone": "resnet18",
    "weights_sha256": "0",
    "view": "pooled",
    "preprocessing": "none",
    "precision": "float32",
}


def cosine(one, other):
    return (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


def reread(tmp_path, picture, name, **options):
    picture.save(tmp_path / name, **options)
    return images.read_image(str(tmp_path / name), Preprocessing(32)).astype(int)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "P", "RGBA", "LA", "1", "I;16", "I"])
def test_every_kind_of_picture_comes_out_alike(tmp_path, picture, mode):
    plain = reread(tmp_path, picture, "plain.png")
    if mode in ("I;16", "I"):
        other = Image.fromarray(
            np.asarray(picture.convert("L")).astype(np.uint16 if mode == "I;16" else np.int32) * 257
        )
    else:
        other = picture.convert(mode)
    found = reread(tmp_path, other, "other.tif" if mode in ("CMYK", "I;16", "I") else "other.png")
    assert found.shape == (32, 32, 3)
    tolerance = {"1": 80, "P": 12}.get(mode, 6)  # dithered; of 216 colours
    assert abs(found[16, 4] - plain[16, 4]).max() <= tolerance and abs(found[16, 28] - plain[16, 28]).max() <= tolerance


def test_a_cmyk_jpeg_works(tmp_path, picture):
    assert abs(reread(tmp_path, picture.convert("CMYK"), "a.jpg") - reread(tmp_path, picture, "b.png")).mean() < 6


def test_a_picture_is_turned_upright(tmp_path, picture):
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate by 90 degrees clockwise to show"
    found = reread(tmp_path, turned, "turned.jpg", exif=exif, quality=95)
    assert abs(found - reread(tmp_path, picture, "plain.png")).mean() < 4


def test_resizing_does_not_keep_the_shape(tmp_path, picture):
    assert reread(tmp_path, picture, "a.png").shape == (32, 32, 3)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0 nothing"])
def test_what_is_no_picture_is_named(tmp_path, content):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(InputError, match=r"a.jpg: not a readable picture .*wanted JPEG, PNG"):
        images.read_image(str(tmp_path / "a.jpg"), Preprocessing(32))


def test_a_truncated_picture_is_named(tmp_path, picture):
    picture.save(tmp_path / "a.jpg")
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(InputError, match=r"a.jpg: not a readable picture \(.*[Tt]runcated"):
        images.read_image(str(tmp_path / "a.jpg"), Preprocessing(32))


def test_a_missing_picture_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a.jpg: no such file; wanted a picture"):
        images.read_image(str(tmp_path / "a.jpg"), Preprocessing(32))


def test_batches_come_in_order_and_stop_at_a_broken_picture(tmp_path):
    paths = []
    for number in range(7):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.new("RGB", (8, 8), (number, 0, 0)).save(paths[-1])
    batches = list(images.read_batches(paths, Preprocessing(4), 3, workers=2))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert np.concatenate(batches)[:, 0, 0, 0].tolist() == list(range(7))
    (tmp_path / "5.png").write_text("no")
    with pytest.raises(InputError, match=r"5.png"):
        list(images.read_batches(paths, Preprocessing(4), 3, workers=2))
    assert list(images.read_batches([], Preprocessing(4), 3, workers=1)) == []


def test_a_manifest_comes_back_and_a_foreign_table_is_refused(tmp_path):
    manifest.write(tmp_path / "a.csv", [("1", "a,b.jpg", "x/a,b.jpg"), ("2", "ü.jpg", "x/ü.jpg")])
    assert manifest.read(tmp_path / "a.csv").path == ["x/a,b.jpg", "x/ü.jpg"]
    (tmp_path / "b.csv").write_text("id,name\n")
    forge.record_as(tmp_path / "b.csv", "manifest")
    with pytest.raises(InputError, match=r"b.csv: found columns \['id', 'name'\], wanted image_id, file_name, path"):
        manifest.read(tmp_path / "b.csv")


def test_features_come_back_by_rows(tmp_path, monkeypatch):
    values = np.arange(30, dtype=np.float32).reshape(10, 3)
    ids = [str(i) for i in range(10)]
    shards = []
    for number, part in enumerate((slice(0, 4), slice(4, 5), slice(5, 10))):
        shards.append(tmp_path / "part" / f"{number}.h5")
        written = features.write_shard(shards[-1], ids[part], [values[part]], "float16", **SETTINGS)
        assert written == values[part].shape
    assert features.join(tmp_path / "f.h5", shards) == (10, 3)
    monkeypatch.chdir(tmp_path / "part")  # the joined file finds its shards from anywhere
    with features.reading(tmp_path / "f.h5") as stored:
        monkeypatch.setattr(features.Features, "block", 2)
        assert stored.image_id == ids and stored.dtype == np.float16 and stored.width == 3
        for rows in ([1, 5, 9], [3, 4, 5], [], list(range(10))):
            assert (stored.read(np.array(rows, int)) == values[rows]).all()


def test_shards_of_unequal_settings_are_not_joined(tmp_path):
    shards = [tmp_path / "0.h5", tmp_path / "1.h5"]
    for shard, precision in zip(shards, ("float32", "bfloat16"), strict=True):
        features.write_shard(
            shard, ["a"], [np.ones((1, 2), np.float32)], "float16", **SETTINGS | {"precision": precision}
        )
    wanted = (
        r"precision: .*0.h5 has 'float32', .*1.h5 has 'bfloat16'; shards of one file must have the same: "
        r"set backbones.resnet18.precision to float32 or bfloat16"
    )
    with pytest.raises(InputError, match=wanted):
        features.join(tmp_path / "f.h5", shards)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".0.h5.record", ".1.h5.record", "0.h5", "1.h5"]


def test_a_missing_or_damaged_shard_is_named(tmp_path):
    shard = tmp_path / "s" / "0.h5"
    features.write_shard(shard, ["a"], [np.ones((1, 2), np.float32)], "float16", **SETTINGS)
    features.join(tmp_path / "f.h5", [shard])
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(InputError, match=r"f.h5: its shard .*s/0.h5 is damaged"), features.reading(tmp_path / "f.h5"):
        pass
    shard.unlink()
    with pytest.raises(InputError, match=r"f.h5: its shard .*s/0.h5 is missing"), features.reading(tmp_path / "f.h5"):
        pass


def test_other_features_give_another_joined_file(tmp_path):
    found = []
    for value in (1, 2):
        features.write_shard(tmp_path / "0.h5", ["a"], [np.full((1, 2), value, np.float32)], "float16", **SETTINGS)
        features.join(tmp_path / "f.h5", [tmp_path / "0.h5"])
        found.append((tmp_path / "f.h5").read_bytes())
    assert found[0] != found[1]


def test_features_that_are_not_finite_name_image_and_remedy(tmp_path):
    with pytest.raises(
        InputError, match=r"image b has values that are not finite in float16 \(largest 1e\+06\).*float32"
    ):
        features.write_shard(tmp_path / "f.h5", ["a", "b"], [np.array([[1.0], [1e6]], np.float32)], "float16")
    assert list(tmp_path.iterdir()) == []  # nothing half-written
    features.write_shard(tmp_path / "f.h5", ["a", "b"], [np.array([[1.0], [1e6]], np.float32)], "float32")


def test_a_changed_row_of_features_names_file_and_row(tmp_path):
    import h5py

    features.write_shard(tmp_path / "s.h5", ["a", "b", "c"], [np.ones((3, 2), np.float32)], "float32", **SETTINGS)
    features.join(tmp_path / "f.h5", [tmp_path / "s.h5"])
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file["feature"][2, 1] = np.nan
    with features.reading(tmp_path / "f.h5") as stored:
        with pytest.raises(InputError, match=r"s.h5: row 2 differs from what rule extract_features wrote"):
            stored.read(np.arange(3))
        assert len(stored.read(np.array([0, 1]))) == 2


def test_a_picture_that_claims_too_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    import zlib

    def chunk(kind, content):
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    header = (20_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )
    with pytest.raises(InputError, match=r"bomb.png: (found 20,000 x 20,000 pixels|not a readable picture .*bomb)"):
        images.read_image(str(bomb), Preprocessing(8))


def test_a_document_that_would_start_a_program_is_no_picture(tmp_path):
    """Pillow hands PostScript to Ghostscript."""
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", "EPS")
    with pytest.raises(InputError, match=r"a.jpg: not a readable picture .*wanted JPEG, PNG"):
        images.read_image(str(tmp_path / "a.jpg"), Preprocessing(8))


def test_every_format_that_is_offered_is_there():
    Image.init()
    assert set(images.FORMATS) <= set(Image.OPEN)


def test_links_are_followed_inside_their_folder_alone(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    (tmp_path / "secret.png").touch()
    (folder / "1.png").touch()
    (folder / "2.png").symlink_to("1.png")
    (folder / "3.png").symlink_to(tmp_path / "secret.png")
    (folder / "out").symlink_to(tmp_path)
    paths = [str(folder / name) for name in ("1.png", "2.png", "3.png", "out/secret.png")]
    found = [path for path, _ in manifest.links_out_of(str(folder), paths)]
    assert found == paths[2:]
    (tmp_path / "elsewhere").symlink_to(folder)  # the folder itself may be one
    assert list(manifest.links_out_of(str(tmp_path / "elsewhere"), [str(tmp_path / "elsewhere/1.png")])) == []


# -- more than 8 bits per channel


def ramp(dtype, high, low=0.0):
    """A picture whose values rise from left to right."""
    return np.tile(np.linspace(low, high, 32), (32, 1)).astype(dtype)


@pytest.mark.parametrize(
    ("values", "assumption"),
    [
        (ramp(np.uint16, 65535), None),
        (ramp(np.uint16, 4095), "values that use 12 bits, 4,095 is taken for white"),
        (ramp(np.uint16, 1023), "values that use 10 bits"),
        (ramp(np.uint16, 255), "values that use 8 bits"),
        (ramp(np.int32, (1 << 20) - 1), "values that use 20 bits"),
        (ramp(np.int32, 3071, -1024), "negative values, scaled from the smallest to the largest"),
        (ramp(np.float32, 1.0), "floating-point values up to 1"),
        (ramp(np.float32, 255.0), "values that use 8 bits"),
        (ramp(np.float32, 65535.0), "values that use 16 bits"),
        (ramp(np.float32, 1.0, -1.0), "negative values"),
    ],
    ids=lambda value: f"{value.dtype}" if isinstance(value, np.ndarray) else None,
)
def test_grey_values_of_any_range_use_all_of_8_bits_and_the_log_counts_them(tmp_path, capsys, values, assumption):
    paths = [str(tmp_path / name) for name in ("a.tif", "b.tif")]
    for path in paths:
        Image.fromarray(values).save(path)
    (batch,) = images.read_batches(paths, Preprocessing(32), 2, workers=2)
    assert abs(batch[0, 16, :, 0].astype(int) - np.linspace(0, 255, 32)).max() <= 1.5
    printed = capsys.readouterr().out
    if assumption:
        assert f"warning: 2 pictures have {assumption}" in printed and f"the first: {paths[0]}" in printed
    else:
        assert printed == ""


def test_a_black_picture_stays_black_and_full_16_bits_keep_their_upper_8(tmp_path):
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "black.png")
    assert not images.read_image(str(tmp_path / "black.png"), Preprocessing(8)).any()
    values = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1040
    Image.fromarray(values).save(tmp_path / "full.png")
    assert (images.read_image(str(tmp_path / "full.png"), Preprocessing(8))[:, :, 0] == values >> 8).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(tmp_path, value):
    values = ramp(np.float32, 1.0)
    values[3, 3] = value
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match=r"a.tif: not a readable picture \(found values that are NaN or infinite"):
        images.read_image(str(tmp_path / "a.tif"), Preprocessing(8))


def deep_png(path, values):
    """A PNG of 16 bits per channel, which Pillow does not write; values uint16 [H, W, 3]."""
    import struct
    import zlib

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, 2, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


def test_colours_of_12_bits_in_16_are_refused_and_those_of_14_named(tmp_path, capsys):
    colours = np.repeat(ramp(np.uint16, 65535)[:, :, None], 3, 2)
    deep_png(tmp_path / "16.png", colours)
    assert images.read_image(str(tmp_path / "16.png"), Preprocessing(32)).max() == 255
    deep_png(tmp_path / "12.png", colours >> 4)
    with pytest.raises(
        InputError, match=r"12.png: not a readable picture \(found 16 bits per channel, .* use 12 at most"
    ):
        images.read_image(str(tmp_path / "12.png"), Preprocessing(32))
    deep_png(tmp_path / "14.png", colours >> 2)
    list(images.read_batches([str(tmp_path / "14.png")], Preprocessing(32), 1, workers=1))
    assert "1 pictures have 16 bits per channel, of which the values use 14" in capsys.readouterr().out


# -- formats


def test_a_heic_picture_is_read_upright(tmp_path, picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    turned.info["exif"] = exif.tobytes()  # from here the encoder takes the rotation that readers of HEIC obey
    found = reread(tmp_path, turned, "a.heic", quality=95)
    assert abs(found - reread(tmp_path, picture, "plain.png")).mean() < 6


@pytest.mark.parametrize("name", ["pipe", "socket", "folder"])
def test_what_is_no_regular_file_is_never_opened(tmp_path, name):
    import os
    import socket

    path = tmp_path / name
    if name == "pipe":
        os.mkfifo(path)
    elif name == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    with pytest.raises(InputError, match=f"{name}: found a {name}, wanted a regular file"):
        images.read_image(str(path), Preprocessing(8))
