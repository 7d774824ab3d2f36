#!/usr/bin/env bash
# Everything from the terminal.
set -euo pipefail

cat > study.yaml <<'END'
networks: [mini:resnet_v1, mini:inception_v3, mini:nasnet]
data:
  fit: {source: "fashion-mnist:fit", limit: 4000}
  eval: {source: "fashion-mnist:eval", limit: 2000}
methods: [ols, {name: ridge, alpha: auto}]      # a strength for every map, by cross-validation
END

samefeatures check study.yaml
samefeatures plan study.yaml --out results
samefeatures run study.yaml --out results
samefeatures overlap study.yaml resnet_v1 nasnet --out results
samefeatures export study.yaml resnet_v1 nasnet --to hybrid.onnx --out results
samefeatures report study.yaml --out results
