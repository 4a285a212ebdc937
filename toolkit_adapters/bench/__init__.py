"""What a variant costs against its baseline, inside one process: time, launches, memory."""
