"""Makes heavy files: takes the jobs that the gateway ordered, writes each file whole, its manifest beside it."""
