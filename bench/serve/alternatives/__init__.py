"""What standard parts would cost in place of code of our own in serve; one module for each."""
