"""Networks of the Hugging Face Hub and of folders written by its libraries."""
