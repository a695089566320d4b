using System.Text;
using Ntm.Hosting;
using Ntm.Protocol;

namespace Ntm.Fuzz.Parsers;

/// <summary>Configuration files, read as the programs read them: every kind of value, strict keys.</summary>
public sealed class ConfigTarget : Target
{
    public override string Name => "config";

    public override string Law => "ConfigSection: nothing but ConfigException, with at least one problem; what is accepted is within its bounds";

    public override int LongestInput => 1024;

    public override IReadOnlyList<byte[]> Words =>
    [
        .. new[]
        {
            "\"zone\":", "\"endpoints\":[", "\"uplinks\":[{", "\"port\":", "null", "true", "{}", "[]", "\"\"", "1e400", "-0", "99999999999999999999", "\\ud800", "\\u0000", "//", "/*", "\\udc00\\ud800",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC3], [0xEF, 0xBB, 0xBF], [0xED, 0xA0, 0x80],
    ];

    public override IEnumerable<(string Name, byte[] Bytes)> Golden() =>
    [
        ("full", """
            {
              // a comment
              "zone": "home.example", "port": 4916, "flag": true, "data": "/var/lib/ntm", "mac": "02:00:00:00:00:01",
              "endpoints": ["203.0.113.5:4916", "[2001:db8::5]:4916"],
              "http": { "port": 8080, "pages": "pages" },
              "uplinks": [{ "name": "catv", "port": 41000 }, { "name": "lte" }],
            }
            """u8.ToArray()),
        ("empty", "{}"u8.ToArray()),
        ("wrong", """{"zone":5,"port":"x","endpoints":{},"uplinks":[1],"http":[],"more":null,"port":3}"""u8.ToArray()),
        ("surrogate", """{"zone":"\ud800","data":"a\u0000b","\udc00":1}"""u8.ToArray()),
    ];

    public override int Execute(ReadOnlySpan<byte> input)
    {
        try
        {
            var root = ConfigSection.Parse("/etc/ntm/fuzz.json", input.ToArray());
            var zone = root.RequiredText("zone");
            var port = root.Number("port", 1, 1, 65_535);
            root.Flag("flag", false);
            var data = root.FilePath("data", "data");
            root.Value<MacAddress>("mac", "a MAC address", MacAddress.TryParse, default);
            var endpoints = root.Addresses("endpoints");
            var http = root.Section("http");
            http.Number("port", 80, 0, 65_535);
            http.Text("pages");
            foreach (var uplink in root.Sections("uplinks"))
            {
                uplink.RequiredText("name");
                uplink.Number("port", 0, 0, 65_535);
            }

            root.Finish();
            Require(zone.Length > 0 && port is >= 1 and <= 65_535 && Path.IsPathRooted(data) && endpoints.All(e => e.Port != 0), "what is accepted is within its bounds");
            return 1;
        }
        catch (ConfigException e)
        {
            Require(e.Problems.Count > 0 && e.Problems.All(p => p.Length is > 0 and < 4096), "each problem is said, and shortly");
            return 2 + Math.Min(e.Problems.Count, 20);
        }
    }
}
