#!/bin/sh
# Makes fashion.png beside this script through the API of a running `./safelight up`: eight seeds of each class, none
# picked. Needs ImageMagick.
#   docs/pictures/make-fashion.sh [http://127.0.0.1:8080]
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
url=${1:-http://127.0.0.1:8080}
pictures=$(mktemp -d)
trap 'rm -rf "$pictures"' EXIT

classes="t-shirt trouser pullover dress coat sandal shirt sneaker bag ankle-boot"
for class in $classes; do
    "$here/../../safelight" submit --url "$url" --model fashion --class "$class" --seed 0 --count 8 -o "$pictures"
done
# One row a seed, one column a class.
rows=""
for seed in 0 1 2 3 4 5 6 7; do
    for class in $classes; do
        rows="$rows $pictures/fashion-$class-$seed.png"
    done
done
# shellcheck disable=SC2086
montage $rows -tile 10x8 -filter point -resize 56x56 -geometry +3+3 -background white -depth 8 "$here/fashion.png"
echo "$here/fashion.png"
