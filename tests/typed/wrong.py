"""What a type checker must find: a line each."""

import samefeatures as sf

sf.Ridge(0.1)
sf.Ridge(alpha="much")
print(sf.load("mini:resnet_v1").nothing)
print(sf.nothing)
sf.wilson("nine", 10)
