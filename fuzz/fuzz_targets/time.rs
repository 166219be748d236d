#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flinklog_fuzz::time_stamps(data));
