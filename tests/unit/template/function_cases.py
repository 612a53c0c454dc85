"""Calls of template functions and what they give: one row a case, the same in real Heat unless the row says why not.

`(version, call, result)`; a result `Wrong("words")` means an error whose text has these words.
"""

import dataclasses
from typing import Any

PARAMETERS = """
  text: {type: string, default: hello}
  empty: {type: string, default: ""}
  count: {type: number, default: 3}
  ratio: {type: number, default: "2.5"}
  yes_: {type: boolean, default: true}
  no_: {type: boolean, default: "off"}
  letters: {type: comma_delimited_list, default: "a,b,c"}
  nothing: {type: comma_delimited_list, default: ""}
  data: {type: json, default: {map: {key: value, list: [1, two, null]}, list: [x, y], n: null, "1": one}}
"""

CONDITIONS = """
  is_on: {equals: [{get_param: yes_}, true]}
  is_off: {not: is_on}
  both: {and: [is_on, {not: is_off}]}
  either: {or: [is_off, {equals: [{get_param: count}, 3]}]}
"""


@dataclasses.dataclass(frozen=True)
class Wrong:
    words: str = ""


NEWEST = "2021-04-16"

CASES: list[tuple[str, str, Any]] = [
    # get_param
    (NEWEST, "{get_param: text}", "hello"),
    (NEWEST, "{get_param: [text]}", "hello"),
    (NEWEST, "{get_param: count}", 3),
    (NEWEST, "{get_param: ratio}", 2.5),
    (NEWEST, "{get_param: yes_}", True),
    (NEWEST, "{get_param: no_}", False),
    (NEWEST, "{get_param: letters}", ["a", "b", "c"]),
    (NEWEST, "{get_param: nothing}", []),
    (NEWEST, "{get_param: [letters, 1]}", "b"),
    (NEWEST, '{get_param: [letters, "1"]}', "b"),
    (NEWEST, "{get_param: [letters, -1]}", "c"),
    (NEWEST, "{get_param: [letters, 7]}", ""),
    (NEWEST, "{get_param: [letters, x]}", ""),
    (NEWEST, "{get_param: [text, 1]}", "e"),
    (NEWEST, "{get_param: [data, map, list, 1]}", "two"),
    (NEWEST, "{get_param: [data, map, list, 2]}", None),
    (NEWEST, "{get_param: [data, map, nope]}", ""),
    (NEWEST, "{get_param: [data, n, nope]}", ""),
    (NEWEST, '{get_param: [data, "1"]}', "one"),
    (NEWEST, "{get_param: [count, 0]}", ""),
    (NEWEST, "{get_param: [data, {get_param: text}]}", ""),
    (NEWEST, "{get_param: [{get_param: [data, list, 0]}, 1]}", Wrong("'x'")),
    (NEWEST, "{get_param: nope}", Wrong("nope")),
    (NEWEST, "{get_param: {a: b, c: d}}", Wrong("map")),
    (NEWEST, "{get_param: []}", Wrong("name")),
    (NEWEST, '{get_param: ""}', Wrong("name")),
    (NEWEST, "{get_param: [1, 2]}", Wrong("number")),
    (NEWEST, "{get_param: 'OS::region'}", Wrong("OS::region")),
    # data that only look like calls
    (NEWEST, "{foo: 1}", {"foo": 1}),
    (NEWEST, "{get_param: text, other: 1}", {"get_param": "text", "other": 1}),
    (NEWEST, "{a: {get_param: text}}", {"a": "hello"}),
    (NEWEST, "{equals: [1, 2]}", {"equals": [1, 2]}),
    # str_replace
    (NEWEST, "{str_replace: {template: 'a $x b $y', params: {$x: 1, $y: two}}}", "a 1 b two"),
    (NEWEST, "{str_replace: {template: 'x', params: {x: y, y: z}}}", "y"),
    (NEWEST, "{str_replace: {template: 'abc ab a', params: {a: '1', ab: '2', abc: '3'}}}", "3 2 1"),
    (NEWEST, "{str_replace: {template: 'abcd', params: {ab: X, bcd: Y}}}", "aY"),
    (NEWEST, "{str_replace: {template: 'n', params: {n: null}}}", ""),
    (NEWEST, "{str_replace: {template: 'n', params: {n: true}}}", "True"),
    (NEWEST, "{str_replace: {template: 'n', params: {n: 1.5}}}", "1.5"),
    (NEWEST, "{str_replace: {template: 'n', params: {n: [b, a, {z: 1, y: 2}]}}}", '["b", "a", {"y": 2, "z": 1}]'),
    (NEWEST, "{str_replace: {template: 'n', params: {nope: 1}}}", "n"),
    (NEWEST, "{str_replace: {template: 'list', params: {get_param: data}}}", '["x", "y"]'),
    (NEWEST, "{str_replace: {template: 'n', params: {'': 1}}}", Wrong("empty")),
    (NEWEST, "{str_replace: {template: 1, params: {a: 1}}}", Wrong("text")),
    (NEWEST, "{str_replace: {template: a}}", Wrong("params")),
    (NEWEST, "{str_replace: [a, b]}", Wrong("map")),
    ("2013-05-23", "{str_replace: {template: 'n', params: {n: [a]}}}", Wrong("'n'")),
    ("2013-05-23", "{str_replace: {template: 'n', params: {n: 1}}}", "1"),
    (NEWEST, "{str_replace_strict: {template: 'a b', params: {a: 1, b: 2}}}", "1 2"),
    (NEWEST, "{str_replace_strict: {template: 'a b', params: {a: 1, c: 2, dd: 3}}}", Wrong("dd, c")),
    (NEWEST, "{str_replace_strict: {template: 'ab', params: {ab: 1, a: 2}}}", Wrong("a")),
    (NEWEST, "{str_replace_strict: {template: 'a', params: {a: null}}}", ""),
    (NEWEST, "{str_replace_vstrict: {template: 'a', params: {a: null}}}", Wrong("'a'")),
    (NEWEST, "{str_replace_vstrict: {template: 'a', params: {a: ''}}}", Wrong("'a'")),
    (NEWEST, "{str_replace_vstrict: {template: 'a', params: {a: []}}}", Wrong("'a'")),
    (NEWEST, "{str_replace_vstrict: {template: 'a', params: {a: 0}}}", "0"),
    (NEWEST, "{str_replace_vstrict: {template: 'a', params: {a: false}}}", "False"),
    # list_join
    (NEWEST, "{list_join: ['-', [a, b], [c]]}", "a-b-c"),
    (NEWEST, "{list_join: ['-', [a, null, b]]}", "a--b"),
    (NEWEST, "{list_join: ['-', null, [], [c]]}", "c"),
    (NEWEST, "{list_join: ['-', [{b: 1, a: 2}, [x]]]}", '{"a": 2, "b": 1}-["x"]'),
    (NEWEST, "{list_join: [', ', {get_param: letters}]}", "a, b, c"),
    (NEWEST, "{list_join: ['-', [1]]}", Wrong("number")),
    (NEWEST, "{list_join: ['-', text]}", Wrong("list")),
    (NEWEST, "{list_join: [1, [a]]}", Wrong("delimiter")),
    (NEWEST, "{list_join: ['-']}", Wrong("2")),
    (NEWEST, "{list_join: x}", Wrong("list")),
    ("2014-10-16", "{list_join: ['-', [a], [b]]}", Wrong("2")),
    ("2014-10-16", "{list_join: ['-', [a, [b]]]}", Wrong("list")),
    # repeat
    (NEWEST, "{repeat: {template: '%v%!', for_each: {'%v%': [a, b]}}}", ["a!", "b!"]),
    (
        NEWEST,
        "{repeat: {template: {x: [v, w]}, for_each: {v: [a, b], w: [c, d]}}}",
        [{"x": ["a", "c"]}, {"x": ["a", "d"]}, {"x": ["b", "c"]}, {"x": ["b", "d"]}],
    ),
    (
        NEWEST,
        "{repeat: {template: v-w, for_each: {v: [a, b], w: [c, d]}, permutations: false}}",
        ["a-c", "b-d"],
    ),
    (NEWEST, "{repeat: {template: vw, for_each: {v: [w], w: [x]}}}", ["xx"]),
    (NEWEST, "{repeat: {template: {v: 1}, for_each: {v: {k: 1, l: 2}}}}", [{"k": 1}, {"l": 1}]),
    (NEWEST, "{repeat: {template: v, for_each: {v: null}}}", []),
    (NEWEST, "{repeat: {template: v, for_each: {v: {get_param: letters}}}}", ["a", "b", "c"]),
    (NEWEST, "{repeat: {template: [1, v], for_each: {v: [a]}}}", [[1, "a"]]),
    (NEWEST, "{repeat: {template: v, for_each: {}}}", Wrong("for_each")),
    (NEWEST, "{repeat: {template: v, for_each: {v: abc}}}", Wrong("'v'")),
    (NEWEST, "{repeat: {template: v, for_each: {v: [1]}}}", Wrong("number")),
    (NEWEST, "{repeat: {template: v, for_each: {v: [a], w: []}, permutations: false}}", Wrong("length")),
    (NEWEST, "{repeat: {template: v, for_each: {v: {a: 1}}, permutations: false}}", Wrong("map")),
    (NEWEST, "{repeat: {template: v, for_each: {v: [a]}, permutations: 1}}", Wrong("boolean")),
    (NEWEST, "{repeat: {template: v}}", Wrong("for_each")),
    ("2015-04-30", "{repeat: {template: v, for_each: {v: {a: 1}}}}", Wrong("map")),
    ("2016-10-14", "{repeat: {template: v, for_each: {v: {a: 1}}}}", ["a"]),
    # digest
    (NEWEST, "{digest: [md5, hello]}", "5d41402abc4b2a76b9719d911017c592"),
    (NEWEST, "{digest: [SHA1, {get_param: text}]}", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
    (NEWEST, "{digest: [md6, hello]}", Wrong("md6")),
    (NEWEST, "{digest: [md5]}", Wrong("2")),
    (NEWEST, "{digest: [md5, 1]}", Wrong("number")),
    (NEWEST, "{digest: [md5, '\u20ac']}", Wrong("latin-1")),
    # str_split
    (NEWEST, "{str_split: [',', 'a,b,c']}", ["a", "b", "c"]),
    (NEWEST, "{str_split: [',', 'a,b,c', 1]}", "b"),
    (NEWEST, "{str_split: [',', 'a,b,c', '-1']}", "c"),
    (NEWEST, "{str_split: [',', null]}", None),
    (NEWEST, "{str_split: [',', '']}", [""]),
    (NEWEST, "{str_split: [',', 'a,b', 2]}", Wrong("2")),
    (NEWEST, "{str_split: [',', 'a,b', x]}", Wrong("integer")),
    (NEWEST, "{str_split: ['', 'a,b']}", Wrong("empty")),
    (NEWEST, "{str_split: [',']}", Wrong("2")),
    (NEWEST, "{str_split: text}", Wrong("list")),
    # map_merge, map_replace
    (NEWEST, "{map_merge: [{a: 1, b: {x: 1}}, null, {b: {y: 2}}]}", {"a": 1, "b": {"y": 2}}),
    (NEWEST, "{map_merge: []}", {}),
    (NEWEST, "{map_merge: {a: 1}}", Wrong("list")),
    (NEWEST, "{map_merge: [[a]]}", Wrong("map")),
    (
        NEWEST,
        "{map_replace: [{a: x, b: [1], c: y}, {keys: {a: A, c: c}, values: {x: X, y: null}}]}",
        {"A": "X", "b": [1], "c": None},
    ),
    (NEWEST, "{map_replace: [{a: 1}, {}]}", {"a": 1}),
    (NEWEST, "{map_replace: [null, {keys: {a: b}}]}", {}),
    (NEWEST, "{map_replace: [{a: 1}, {keys: {a: null}}]}", {"a": 1}),
    (NEWEST, "{map_replace: [{a: 1, b: 2}, {keys: {a: b}}]}", Wrong("'b'")),
    (NEWEST, "{map_replace: [{a: 1, b: 2}, {keys: {a: c, b: c}}]}", Wrong("'c'")),
    (NEWEST, "{map_replace: [{a: 1}, {kees: {}}]}", Wrong("kees")),
    (NEWEST, "{map_replace: [{a: 1}]}", Wrong("two")),
    # yaql
    (NEWEST, "{yaql: {expression: '$.data.a.sum()', data: {a: [1, 2]}}}", 3),
    (NEWEST, "{yaql: {expression: '$.data.toUpper()', data: {get_param: text}}}", "HELLO"),
    (NEWEST, "{yaql: {expression: 'dict(a => 1)'}}", {"a": 1}),
    (NEWEST, "{yaql: {expression: '$.data.where($ > 1)', data: [1, 2, 3]}}", [2, 3]),
    (NEWEST, "{yaql: {expression: '$.data.['}}", Wrong("yaql")),
    (NEWEST, "{yaql: {expression: 'range(0, 300).toList()'}}", Wrong("200")),
    (NEWEST, "{yaql: {data: {}}}", Wrong("expression")),
    (NEWEST, "{yaql: {expression: '1', extra: 1}}", Wrong("extra")),
    (NEWEST, "{yaql: text}", Wrong("map")),
    # if and conditions
    (NEWEST, "{if: [is_on, 1, 2]}", 1),
    (NEWEST, "{if: [is_off, 1, 2]}", 2),
    (NEWEST, "{if: [both, 1, 2]}", 1),
    (NEWEST, "{if: [either, 1, 2]}", 1),
    (NEWEST, "{if: [true, {get_param: text}, {get_param: nope}]}", "hello"),
    (NEWEST, "{if: [false, {list_join: [1, 2, 3]}, x]}", "x"),
    (NEWEST, "{if: [{equals: [{get_param: count}, 3]}, 1, 2]}", 1),
    (NEWEST, "{if: [{equals: [{get_param: count}, '3']}, 1, 2]}", 2),
    (NEWEST, "{if: [{contains: [l, {get_param: text}]}, 1, 2]}", 1),
    (NEWEST, "{if: [{yaql: {expression: '$.data > 2', data: {get_param: count}}}, 1, 2]}", 1),
    (NEWEST, "{if: [is_on, null, 2]}", None),
    (NEWEST, "[1, {if: [is_off, 2]}, 3]", [1, 3]),
    (NEWEST, "{a: {if: [is_off, 2]}, b: 1}", {"b": 1}),
    (NEWEST, "{if: [is_off, 2]}", None),
    (NEWEST, "{list_join: [',', [a, {if: [is_off, b]}]]}", "a"),
    (NEWEST, "{if: [is_off, 2, {if: [is_on, 3]}]}", 3),
    (NEWEST, "{if: [nope, 1, 2]}", Wrong("nope")),
    (NEWEST, "{if: [{get_param: text}, 1, 2]}", Wrong("true or false")),
    (NEWEST, "{if: [{list_join: [',', [a]]}, 1, 2]}", Wrong("list_join")),
    (NEWEST, "{if: [1, 1, 2]}", Wrong("condition")),
    (NEWEST, "{if: [is_on]}", Wrong("2 to 3")),
    ("2018-08-31", "{if: [is_on, 1]}", Wrong("3")),
    (NEWEST, "{if: [{equals: [1]}, 1, 2]}", Wrong("two")),
    (NEWEST, "{if: [{and: [is_on]}, 1, 2]}", Wrong("two")),
    (NEWEST, "{if: [{not: null}, 1, 2]}", Wrong("condition")),
    # filter, contains, concat
    (NEWEST, "{filter: [[a, null], [a, b, null, a]]}", ["b"]),
    (NEWEST, "{filter: [null, [a]]}", ["a"]),
    (NEWEST, "{filter: [[a], null]}", None),
    (NEWEST, "{filter: [[[1]], [[1], [2]]]}", [[2]]),
    (NEWEST, "{filter: [a, [b]]}", Wrong("list")),
    (NEWEST, "{filter: [[a]]}", Wrong("2")),
    (NEWEST, "{contains: [a, [a, b]]}", True),
    (NEWEST, "{contains: [ell, {get_param: text}]}", True),
    (NEWEST, "{contains: [x, [a, b]]}", False),
    (NEWEST, "{contains: [x, {a: b}]}", Wrong("map")),
    (NEWEST, "{list_concat: [[a], null, [b, a]]}", ["a", "b", "a"]),
    (NEWEST, "{list_concat: []}", []),
    (NEWEST, "{list_concat: [[a], b]}", Wrong("list")),
    (NEWEST, "{list_concat_unique: [[a, {x: 1}], [b, a, {x: 1}]]}", ["a", {"x": 1}, "b"]),
    # make_url
    (
        NEWEST,
        "{make_url: {scheme: http, username: 'u@', password: 'p/', host: h.example, port: 80, path: 'a b/c',"
        " query: {k: v w, l: a/b}, fragment: f g}}",
        "http://u%40:p%2F@h.example:80/a%20b/c?k=v+w&l=a/b#f%20g",
    ),
    (NEWEST, "{make_url: {scheme: http, host: '::1', port: '8080'}}", "http://[::1]:8080"),
    (NEWEST, "{make_url: {scheme: http, host: '[::1]'}}", "http://[::1]"),
    (NEWEST, "{make_url: {host: h}}", "//h"),
    (NEWEST, "{make_url: {path: /a}}", "/a"),
    (NEWEST, "{make_url: {}}", ""),
    (NEWEST, "{make_url: {password: p, host: h}}", "//:p@h"),
    (NEWEST, "{make_url: {host: h, port: 0}}", Wrong("65535")),
    (NEWEST, "{make_url: {host: h, port: x}}", Wrong("65535")),
    (NEWEST, "{make_url: {scheme: 'ht:tp'}}", Wrong("scheme")),
    (NEWEST, "{make_url: {hoost: h}}", Wrong("hoost")),
    (NEWEST, "{make_url: [a]}", Wrong("map")),
    # files
    (NEWEST, "{get_file: the_file}", "content of {get_param: text}"),
    (NEWEST, "{get_file: another}", Wrong("another")),
    (NEWEST, "{get_file: [a]}", Wrong("text")),
    # resource_facade
    (NEWEST, "{resource_facade: metadata}", Wrong("facade")),
    (NEWEST, "{resource_facade: nope}", Wrong("update_policy")),
    # functions of CloudFormation in the first version
    ("2013-05-23", "{'Fn::Join': ['-', [a, b]]}", "a-b"),
    ("2013-05-23", "{'Fn::Select': [1, [a, b]]}", "b"),
    ("2013-05-23", "{'Fn::Select': ['0', {get_param: letters}]}", "a"),
    ("2013-05-23", "{'Fn::Select': [5, [a, b]]}", ""),
    ("2013-05-23", "{'Fn::Select': [a, {a: 1}]}", 1),
    ("2013-05-23", "{'Fn::Select': [b, {a: 1}]}", ""),
    ("2013-05-23", "{'Fn::Select': [a, '{\"a\": [1]}']}", [1]),
    ("2013-05-23", "{'Fn::Select': [a, '']}", ""),
    ("2013-05-23", "{'Fn::Select': [a, null]}", ""),
    ("2013-05-23", "{'Fn::Select': [a, [b]]}", Wrong("integer")),
    ("2013-05-23", "{'Fn::Select': [1]}", Wrong("2")),
    ("2013-05-23", "{'Fn::Split': [',', 'a,b']}", ["a", "b"]),
    ("2013-05-23", "{'Fn::Split': text}", Wrong("list")),
    ("2013-05-23", "{'Fn::Replace': [{a: x}, 'a b']}", "x b"),
    ("2013-05-23", "{'Fn::Base64': text}", "text"),
    ("2013-05-23", "{'Fn::Base64': [text]}", Wrong("text")),
    (
        "2013-05-23",
        "{'Fn::MemberListToMap': [N, V, ['.member.0.N=k', '.member.0.V=a=b', '.member.1.N=x']]}",
        {"k": "a=b"},
    ),
    ("2013-05-23", "{'Fn::MemberListToMap': [N, V]}", Wrong("three")),
    ("2013-05-23", "{'Fn::GetAZs': ''}", ["nova"]),
    ("2013-05-23", "{Ref: text}", "hello"),
    ("2013-05-23", "{Ref: nope}", Wrong("nope")),
    # functions a version does not have
    ("2014-10-16", "{'Fn::Join': ['-', [a, b]]}", Wrong("2013-05-23")),
    ("2015-10-15", "{map_merge: []}", Wrong("2016-04-08")),
    ("2016-10-14", "{str_replace_strict: {template: a, params: {}}}", Wrong("2017-02-24")),
    ("2013-05-23", "{'Fn::GetAtt': [a, b]}", Wrong("2012-12-12")),
    ("2013-05-23", "{filter: [[a], [b]]}", {"filter": [["a"], ["b"]]}),
    # nesting
    (
        NEWEST,
        "{str_split: ['-', {list_join: ['-', {repeat: {template: n%i%, for_each: {'%i%': {get_param: letters}}}}]}]}",
        ["na", "nb", "nc"],
    ),
    (NEWEST, "{list_join: ['', [{list_join: [x, [a, {get_param: nope}]]}]]}", Wrong("nope")),
]
