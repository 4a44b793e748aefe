//! PNG and JPEG images as bytes.

use std::io::Cursor;

use jpeg_decoder::PixelFormat;

/// Longest side of an image.
const SIDE: usize = 1 << 14;
/// Most pixels of an image.
const PIXELS: usize = 1 << 24;

/// What the header of an image says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Form {
    pub(super) width: usize,
    pub(super) height: usize,
    /// 1 for grey, 3 for colours; an opacity is not counted.
    pub(super) channels: usize,
}

/// What an image file is.
enum Opened<'b> {
    Png(Box<png::Reader<Cursor<&'b [u8]>>>),
    Jpeg(Box<jpeg_decoder::Decoder<&'b [u8]>>),
}

/// The form of an image, without its pixels.
pub(super) fn form(bytes: &[u8]) -> Result<Form, String> {
    open(bytes).map(|(form, _)| form)
}

/// Decodes an image of the size of `like`, as `channels` planes (1 or 3) one after the other, each
/// row-major, into `out`, which has `channels * width * height` bytes.
///
/// Colours become grey as ITU-R BT.601 says: `0.299 R + 0.587 G + 0.114 B`.
pub(super) fn decode(
    bytes: &[u8],
    like: Form,
    channels: usize,
    out: &mut [u8],
) -> Result<(), String> {
    let (form, opened) = open(bytes)?;
    if (form.width, form.height) != (like.width, like.height) {
        return Err(format!(
            "it has {} x {} pixels, the first image has {} x {}",
            form.width, form.height, like.width, like.height
        ));
    }
    let (step, pixels) = match opened {
        Opened::Png(reader) => png_pixels(*reader)?,
        Opened::Jpeg(mut decoder) => (form.channels, decoder.decode().map_err(|e| damaged(&e))?),
    };
    let area = form.width * form.height;
    if pixels.len() < area * step || out.len() != area * channels {
        return Err("it has fewer pixels than its header says".into());
    }
    let colours = step >= 3;
    for (at, pixel) in pixels.chunks_exact(step).take(area).enumerate() {
        match (colours, channels) {
            (false, _) => (0..channels).for_each(|c| out[c * area + at] = pixel[0]),
            (true, 1) => {
                let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
                out[at] = ((299 * r + 587 * g + 114 * b + 500) / 1000) as u8;
            }
            (true, _) => (0..channels.min(3)).for_each(|c| out[c * area + at] = pixel[c]),
        }
    }
    Ok(())
}

/// Reads the header and checks its numbers before memory is taken.
fn open(bytes: &[u8]) -> Result<(Form, Opened<'_>), String> {
    if bytes.is_empty() {
        return Err("the file is empty".into());
    }
    let (form, opened) = if bytes.starts_with(&[0x89, b'P', b'N', b'G']) {
        open_png(bytes)?
    } else if bytes.starts_with(&[0xff, 0xd8]) {
        open_jpeg(bytes)?
    } else {
        return Err("it is neither a PNG nor a JPEG image".into());
    };
    check(form)?;
    Ok((form, opened))
}

fn check(form: Form) -> Result<(), String> {
    let Form { width, height, .. } = form;
    if width == 0 || height == 0 {
        return Err("its header says that it has no pixels".into());
    }
    if width > SIDE || height > SIDE || width * height > PIXELS {
        return Err(format!(
            "its header says {width} x {height} pixels; at most {PIXELS} are read, {SIDE} a side"
        ));
    }
    Ok(())
}

fn open_png(bytes: &[u8]) -> Result<(Form, Opened<'_>), String> {
    let broken = |cause: png::DecodingError| format!("the PNG image is damaged: {cause}");
    let limits = png::Limits { bytes: 8 * PIXELS };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info().map_err(broken)?;
    let (width, height) = (info.width as usize, info.height as usize);
    check(Form { width, height, channels: 1 })?;
    let reader = decoder.read_info().map_err(broken)?;
    let channels = match reader.output_color_type().0 {
        png::ColorType::Grayscale | png::ColorType::GrayscaleAlpha => 1,
        _ => 3,
    };
    Ok((Form { width, height, channels }, Opened::Png(Box::new(reader))))
}

/// Bytes of a pixel, and the pixels.
fn png_pixels(mut reader: png::Reader<Cursor<&[u8]>>) -> Result<(usize, Vec<u8>), String> {
    let step = reader.output_color_type().0.samples();
    let length = reader.output_buffer_size().filter(|n| *n <= 4 * PIXELS);
    let mut pixels = vec![0; length.ok_or("it has too many pixels")?];
    reader.next_frame(&mut pixels).map_err(|cause| format!("the PNG image is damaged: {cause}"))?;
    Ok((step, pixels))
}

fn open_jpeg(bytes: &[u8]) -> Result<(Form, Opened<'_>), String> {
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(4 * PIXELS);
    decoder.read_info().map_err(|e| damaged(&e))?;
    let info = decoder.info().ok_or("the JPEG image has no header")?;
    let channels = match info.pixel_format {
        PixelFormat::L8 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::L16 | PixelFormat::CMYK32 => {
            return Err("the JPEG image is neither of 8 bits grey nor of 24 bits colour".into());
        }
    };
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    Ok((Form { width, height, channels }, Opened::Jpeg(Box::new(decoder))))
}

fn damaged(cause: &jpeg_decoder::Error) -> String {
    format!("the JPEG image is damaged: {cause}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A PNG image of bytes that follow a simple rule.
    pub(crate) fn png(width: u32, height: u32, color: png::ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(color);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        out
    }

    const COLOURS: [u8; 6] = [255, 0, 0, 10, 20, 30];

    fn planes(bytes: &[u8], channels: usize) -> Result<Vec<u8>, String> {
        let form = form(bytes)?;
        let mut out = vec![0; form.width * form.height * channels];
        decode(bytes, form, channels, &mut out)?;
        Ok(out)
    }

    #[test]
    fn png_planes() {
        let colour = png(2, 1, png::ColorType::Rgb, &COLOURS);
        assert_eq!(form(&colour), Ok(Form { width: 2, height: 1, channels: 3 }));
        assert_eq!(planes(&colour, 3), Ok(vec![255, 10, 0, 20, 0, 30]));
        // 0.299 * 255 = 76.245; 2.99 + 11.74 + 3.42 = 18.15.
        assert_eq!(planes(&colour, 1), Ok(vec![76, 18]));
        let grey = png(2, 1, png::ColorType::Grayscale, &[7, 9]);
        assert_eq!(planes(&grey, 1), Ok(vec![7, 9]));
        assert_eq!(planes(&grey, 3), Ok(vec![7, 9, 7, 9, 7, 9]));
        let clear = png(1, 1, png::ColorType::Rgba, &[1, 2, 3, 4]);
        assert_eq!(planes(&clear, 3), Ok(vec![1, 2, 3]));
    }

    #[test]
    fn every_cut_of_a_png_is_an_error() {
        let whole = png(2, 1, png::ColorType::Rgb, &COLOURS);
        // The end chunk (12 bytes) holds nothing.
        for cut in 0..whole.len() - 12 {
            assert!(planes(&whole[..cut], 3).is_err(), "{cut}");
        }
    }

    #[test]
    fn absurd_sizes_and_other_files() {
        let mut huge = png(2, 1, png::ColorType::Rgb, &COLOURS);
        huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        assert!(form(&huge).is_err());
        assert!(check(Form { width: SIDE, height: SIDE, channels: 3 }).is_err());
        assert!(check(Form { width: 0, height: 1, channels: 3 }).is_err());
        assert_eq!(form(b"GIF89a").unwrap_err(), "it is neither a PNG nor a JPEG image");
        assert_eq!(form(b"").unwrap_err(), "the file is empty");
        let other = png(1, 1, png::ColorType::Grayscale, &[0]);
        let like = Form { width: 2, height: 2, channels: 1 };
        let error = decode(&other, like, 1, &mut [0; 4]).unwrap_err();
        assert_eq!(error, "it has 1 x 1 pixels, the first image has 2 x 2");
    }
}
