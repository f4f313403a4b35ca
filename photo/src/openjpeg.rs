//! The one module with `unsafe`: codes a grey picture as a JP2 file with OpenJPEG.
//!
//! Its parameters are OpenJPEG's defaults but for the rate, because the published test card's photo was coded with them. Only
//! coding is bound. The library must never get a byte that came from a file (the crate's documentation gives the reason).
//! This module must never print the library's messages, and never let a callback panic, because a panic must not pass
//! through C.
//!
//! It is sound for three reasons. Each object of the library is made, used and destroyed here, in one call, on one thread.
//! The library keeps no pointer to the picture, the parameters or the sink after that. Objects are destroyed before the
//! values to which they point.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use openjpeg_sys as opj;

use crate::Picture;

/// The most bytes that the sink takes: more than any photo has.
const MAX_SINK: usize = 1 << 20;
/// The library's true.
const TRUE: opj::OPJ_BOOL = 1;
/// The number of messages kept of one run: enough to find the fault.
const MAX_MESSAGES: usize = 8;

/// Codes the picture, some `ratio` times smaller than its dots. A ratio of 1 is without loss. The same picture and ratio give
/// the same bytes.
///
/// # Errors
/// The library's messages.
pub(crate) fn encode(picture: &Picture, ratio: f32) -> Result<Vec<u8>, String> {
    // Declared before the codec and the stream, and so dropped after them: both hold pointers to these.
    let messages = Shared::new(Vec::<String>::new());
    let sink = Shared::new(Sink {
        bytes: Vec::new(),
        at: 0,
    });
    let image = Image::of(picture)?;
    let codec = Codec::new(&messages)?;
    let stream = Stream::to(&sink)?;

    let mut parameters = MaybeUninit::<opj::opj_cparameters_t>::zeroed();
    // SAFETY: the pointer is to a whole structure, which this call fills in.
    unsafe { opj::opj_set_default_encoder_parameters(parameters.as_mut_ptr()) };
    // SAFETY: zeroes are valid for every field (its enumerations all have a 0), and the call above has set them.
    let mut parameters = unsafe { parameters.assume_init() };
    parameters.cp_disto_alloc = 1;
    parameters.tcp_numlayers = 1;
    parameters.tcp_rates[0] = ratio;
    parameters.tcp_mct = 0;

    let (codec_at, stream_at, image_at) = (codec.0.as_ptr(), stream.0.as_ptr(), image.0.as_ptr());
    // SAFETY: all four are live, of the kinds that these functions take, and used by this thread only. The calls are in the
    // order that the library requires, each only if the one before succeeded.
    let done = unsafe {
        opj::opj_setup_encoder(codec_at, &raw mut parameters, image_at) == TRUE
            && opj::opj_start_compress(codec_at, image_at, stream_at) == TRUE
            && opj::opj_encode(codec_at, stream_at) == TRUE
            && opj::opj_end_compress(codec_at, stream_at) == TRUE
    };
    drop((codec, stream, image));
    let messages = messages.into_inner();
    if done {
        Ok(sink.into_inner().bytes)
    } else if messages.is_empty() {
        Err("no message".to_owned())
    } else {
        Err(messages.join("; "))
    }
}

/// A value that callbacks change through a pointer while this module waits for the library: never borrowed meanwhile.
struct Shared<T>(NonNull<T>);

impl<T> Shared<T> {
    fn new(value: T) -> Self {
        Self(NonNull::from(Box::leak(Box::new(value))))
    }

    fn as_user_data(&self) -> *mut c_void {
        self.0.as_ptr().cast()
    }

    fn into_inner(self) -> T {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: the pointer is from a leaked box and taken back only here or in `drop`, which does not run after this.
        *unsafe { Box::from_raw(this.0.as_ptr()) }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: as in `into_inner`, which keeps this from running.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// The library's picture.
struct Image(NonNull<opj::opj_image_t>);

impl Image {
    fn of(picture: &Picture) -> Result<Self, String> {
        let (width, height) = (picture.width, picture.height);
        let mut component = opj::opj_image_cmptparm_t {
            dx: 1,
            dy: 1,
            w: width,
            h: height,
            x0: 0,
            y0: 0,
            prec: 8,
            bpp: 8,
            sgnd: 0,
        };
        // SAFETY: the pointer is to one component's parameters, as the count states; they are copied.
        let image = unsafe { opj::opj_image_create(1, &raw mut component, opj::OPJ_COLOR_SPACE::OPJ_CLRSPC_GRAY) };
        let image = Self(NonNull::new(image).ok_or("out of memory")?);
        // SAFETY: the library made this structure whole, and only this thread knows it.
        let fields = unsafe { &mut *image.0.as_ptr() };
        (fields.x1, fields.y1) = (width, height);
        // SAFETY: `comps` points to as many components as were asked for: one.
        let made = unsafe { fields.comps.as_ref() }.ok_or("out of memory")?;
        let dots = width as usize * height as usize;
        if made.data.is_null() || (made.w, made.h) != (width, height) || picture.grey.len() != dots {
            return Err("the picture's size is not that of its dots".to_owned());
        }
        // SAFETY: the library has allocated and zeroed w * h values there, and no other reference to them exists.
        let values = unsafe { std::slice::from_raw_parts_mut(made.data, dots) };
        for (value, &grey) in values.iter_mut().zip(&picture.grey) {
            *value = i32::from(grey);
        }
        Ok(image)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: made by opj_image_create and destroyed once.
        unsafe { opj::opj_image_destroy(self.0.as_ptr()) };
    }
}

/// The library's encoder.
struct Codec(NonNull<opj::opj_codec_t>);

impl Codec {
    fn new(messages: &Shared<Vec<String>>) -> Result<Self, String> {
        // SAFETY: takes no pointer.
        let codec = unsafe { opj::opj_create_compress(opj::OPJ_CODEC_FORMAT::OPJ_CODEC_JP2) };
        let codec = Self(NonNull::new(codec).ok_or("out of memory")?);
        // SAFETY: the codec is live; `collect` expects the pointer it is given here, which outlives the codec.
        unsafe {
            opj::opj_set_error_handler(codec.0.as_ptr(), Some(collect), messages.as_user_data());
            opj::opj_set_warning_handler(codec.0.as_ptr(), Some(collect), messages.as_user_data());
        }
        Ok(codec)
    }
}

impl Drop for Codec {
    fn drop(&mut self) {
        // SAFETY: made by opj_create_compress and destroyed once.
        unsafe { opj::opj_destroy_codec(self.0.as_ptr()) };
    }
}

/// The library's stream, which writes to a [`Sink`].
struct Stream(NonNull<opj::opj_stream_t>);

impl Stream {
    fn to(sink: &Shared<Sink>) -> Result<Self, String> {
        const FOR_WRITING: opj::OPJ_BOOL = 0;
        // SAFETY: takes no pointer.
        let stream = unsafe { opj::opj_stream_default_create(FOR_WRITING) };
        let stream = Self(NonNull::new(stream).ok_or("out of memory")?);
        let at = stream.0.as_ptr();
        // SAFETY: the stream is live; the callbacks expect the pointer given here, which outlives the stream, and there is
        // no function to free it.
        unsafe {
            opj::opj_stream_set_user_data(at, sink.as_user_data(), None);
            opj::opj_stream_set_write_function(at, Some(write));
            opj::opj_stream_set_skip_function(at, Some(skip));
            opj::opj_stream_set_seek_function(at, Some(seek));
        }
        Ok(stream)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: made by opj_stream_default_create and destroyed once.
        unsafe { opj::opj_stream_destroy(self.0.as_ptr()) };
    }
}

/// A file in memory.
struct Sink {
    bytes: Vec<u8>,
    at: usize,
}

impl Sink {
    /// Writes at the place reached, as a file does: over what is there, then on, zeroes where it was skipped.
    fn write(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.at.checked_add(bytes.len()).filter(|&end| end <= MAX_SINK)?;
        if end > self.bytes.len() {
            self.bytes.try_reserve(end - self.bytes.len()).ok()?;
            self.bytes.resize(end, 0);
        }
        self.bytes.get_mut(self.at..end)?.copy_from_slice(bytes);
        self.at = end;
        Some(())
    }

    fn go_to(&mut self, at: Option<usize>) -> Option<()> {
        self.at = at.filter(|&at| at <= MAX_SINK)?;
        Some(())
    }
}

/// `opj_stream_write_fn`: the bytes taken, or (size_t)-1. Does not panic: every step is checked.
unsafe extern "C" fn write(buffer: *mut c_void, length: opj::OPJ_SIZE_T, user_data: *mut c_void) -> opj::OPJ_SIZE_T {
    if buffer.is_null() {
        return opj::OPJ_SIZE_T::MAX;
    }
    // SAFETY: `user_data` is the sink that Stream::to gave, alive and not borrowed; the library passes `length`
    // bytes to read at `buffer`.
    let (sink, bytes) = unsafe {
        (
            &mut *user_data.cast::<Sink>(),
            std::slice::from_raw_parts(buffer.cast::<u8>(), length),
        )
    };
    sink.write(bytes).map_or(opj::OPJ_SIZE_T::MAX, |()| length)
}

/// `opj_stream_skip_fn`: the bytes skipped, or -1. Does not panic: every step is checked.
unsafe extern "C" fn skip(length: opj::OPJ_OFF_T, user_data: *mut c_void) -> opj::OPJ_OFF_T {
    // SAFETY: as in `write`.
    let sink = unsafe { &mut *user_data.cast::<Sink>() };
    let to = usize::try_from(length)
        .ok()
        .and_then(|length| sink.at.checked_add(length));
    sink.go_to(to).map_or(-1, |()| length)
}

/// `opj_stream_seek_fn`: true or false. Does not panic: every step is checked.
unsafe extern "C" fn seek(to: opj::OPJ_OFF_T, user_data: *mut c_void) -> opj::OPJ_BOOL {
    // SAFETY: as in `write`.
    let sink = unsafe { &mut *user_data.cast::<Sink>() };
    sink.go_to(usize::try_from(to).ok()).map_or(0, |()| TRUE)
}

/// `opj_msg_callback`: keeps the first messages. Does not panic: nothing here can, but for running out of memory, which
/// aborts.
unsafe extern "C" fn collect(message: *const c_char, user_data: *mut c_void) {
    if message.is_null() {
        return;
    }
    // SAFETY: `user_data` is the list that Codec::new gave, alive and not borrowed; the message is a C string.
    let (messages, text) = unsafe { (&mut *user_data.cast::<Vec<String>>(), CStr::from_ptr(message)) };
    if messages.len() < MAX_MESSAGES {
        messages.push(text.to_string_lossy().trim().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(width: u32, height: u32) -> Picture {
        let grey = (0..width * height).map(|at| (at % width * 255 / width) as u8).collect();
        Picture { width, height, grey }
    }

    #[test]
    fn a_ratio_of_one_is_without_loss() {
        let picture = gradient(101, 57);
        let jp2 = encode(&picture, 1.0).unwrap();
        assert_eq!(crate::decode(&jp2), Ok(picture));
    }

    #[test]
    fn what_the_library_refuses_comes_back_as_its_message() {
        // Six resolutions need a side of 32.
        let message = encode(&gradient(20, 20), 1.0).unwrap_err();
        assert!(message.contains("resolutions"), "{message}");
        let wrong = Picture {
            width: 40,
            height: 40,
            grey: vec![0; 3],
        };
        assert!(encode(&wrong, 1.0).unwrap_err().contains("size"));
    }

    #[test]
    fn the_sink_is_written_like_a_file() {
        let mut sink = Sink {
            bytes: Vec::new(),
            at: 0,
        };
        sink.write(b"abc").unwrap();
        sink.go_to(Some(5)).unwrap();
        sink.write(b"x").unwrap();
        sink.go_to(Some(1)).unwrap();
        sink.write(b"BC").unwrap();
        assert_eq!(sink.bytes, b"aBC\0\0x");
        assert_eq!(sink.go_to(Some(MAX_SINK + 1)), None);
        assert_eq!(sink.write(&[0; MAX_SINK]), None);
        assert_eq!(sink.go_to(None), None);
    }
}
