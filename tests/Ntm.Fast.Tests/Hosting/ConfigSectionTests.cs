using Ntm.Fast.Tests.Store;
using Ntm.Hosting;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Hosting;

/// <summary>Configuration files are read strictly, and everything wrong is said at once.</summary>
public sealed class ConfigSectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_good_file_is_read()
    {
        var root = Read("""
            {
              // where we are reached
              "zone": "home.example", "port": 4916, "strict": true,
              "endpoints": ["203.0.113.10:4916", "[2001:db8::10]:4916"], /* both */
              "data": "state",
              "lan": { "name": "br-lan" },
              "uplinks": [ { "name": "catv" }, { "name": "lte" }, ],
            }
            """);
        Assert.Equal("home.example", root.RequiredText("zone"));
        Assert.Equal(4916, root.Number("port", 1, 1, 65535));
        Assert.True(root.Flag("strict", false));
        Assert.Equal(["203.0.113.10:4916", "[2001:db8::10]:4916"], root.Addresses("endpoints").Select(a => a.ToString()));
        Assert.Equal(_folder.File("state"), root.FilePath("data", "."));
        Assert.Equal(_folder.Path, root.FilePath("other", "."));
        Assert.Equal("br-lan", root.Section("lan").Text("name"));
        Assert.Equal(["catv", "lte"], root.Sections("uplinks").Select(u => u.RequiredText("name")));
        Assert.Null(root.Text("missing"));
        Assert.Null(root.Section("none").Text("name"));
        root.Finish();
    }

    [Fact]
    public void Everything_wrong_is_said_at_once_with_key_and_file()
    {
        var root = Read("""
            { "zoen": "home.example", "port": "4916", "far": 70000, "strict": 1, "endpoints": ["203.0.113.10"], "lan": { "nmae": "x" }, "list": 3,
              "twice": "a", "twice": "b", "uplinks": [ 5 ] }
            """);
        root.RequiredText("zone");
        root.Number("port", 1, 1, 65535);
        root.Number("far", 1, 1, 65535);
        root.Flag("strict", false);
        root.Addresses("endpoints");
        root.Section("lan").Text("name");
        root.Addresses("list");
        root.Text("twice");
        root.Sections("uplinks");
        var e = Assert.Throws<ConfigException>(root.Finish);
        Assert.Contains(_folder.File("test.json"), e.Message, StringComparison.Ordinal);
        Assert.Equal(
            [
                "The key 'twice' stands there twice. Take one away.",
                "'zone' is missing or empty.",
                "'port' must be a whole number from 1 to 65535, but is \"4916\".",
                "'far' must be a whole number from 1 to 65535, but is 70000.",
                "'strict' must be true or false, but is 1.",
                "'endpoints[0]' must be an address with a port, such as \"203.0.113.5:4916\" or \"[2001:db8::5]:4916\", but is \"203.0.113.10\".",
                "'list' must be a list [ ... ], but is 3.",
                "'uplinks[0]' must be an object { ... }, but is 5.",
                "The key 'zoen' is not known. Known here: endpoints, far, lan, list, port, strict, twice, uplinks, zone.",
                "The key 'lan.nmae' is not known. Known here: name.",
            ], e.Problems);
        Assert.All(e.Problems, p => Assert.Contains(p, e.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "line 1")]
    [InlineData("{\n  \"zone\": home\n}", "line 2")]
    [InlineData("{} {}", "line 1")]
    public void No_json_is_refused_with_the_line(string content, string line) =>
        Assert.Contains(line, Assert.Throws<ConfigException>(() => Read(content)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_list_instead_of_an_object_is_refused()
    {
        var root = Read("[]");
        Assert.Contains("must be an object", Assert.Throws<ConfigException>(root.Finish).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var e = Assert.Throws<ConfigException>(() => ConfigSection.Read(_folder.File("none.json")));
        Assert.Contains(_folder.File("none.json"), e.Message, StringComparison.Ordinal);
        Assert.Contains("no such file", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_that_mean_something_are_read()
    {
        var root = Read("""{ "a": "203.0.113.1:1", "b": "nonsense" }""");
        Assert.True(root.Value<RealAddress>("a", "an address", RealAddress.TryParse, default).Port == 1);
        Assert.True(root.Value<RealAddress>("none", "an address", RealAddress.TryParse, default).IsNone);
        Assert.True(root.Value<RealAddress>("b", "an address", RealAddress.TryParse, default).IsNone);
        Assert.Equal(["'b' must be an address, but is \"nonsense\"."], Assert.Throws<ConfigException>(root.Finish).Problems);
    }

    private ConfigSection Read(string content)
    {
        File.WriteAllText(_folder.File("test.json"), content);
        return ConfigSection.Read(_folder.File("test.json"));
    }
}
