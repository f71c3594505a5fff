"""Real servers and scripted ones, on the loopback interface, gone when their test ends."""
