"""What a device is, says and suffers, and how that travels: the words both programs share."""
