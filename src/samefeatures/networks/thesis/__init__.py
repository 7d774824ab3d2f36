"""The ten networks of the thesis (McNeely-White 2020, Table 5.1), with Google's weights."""
