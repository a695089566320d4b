using System.Net;
using System.Text.RegularExpressions;
using Ntm.Fast.Tests.Convention;
using Ntm.Gateway.Http;

namespace Ntm.Fast.Tests.Interface;

/// <summary>The console's files: served, and written as the content-security policy and the house want them.</summary>
public sealed partial class ConsolePagesTests
{
    [Fact]
    public async Task Every_file_is_served_with_its_type_and_not_sent_twice()
    {
        await using var gateway = await InterfaceUnderTest.StartAsync();
        foreach (var path in ConsolePages.Paths)
        {
            using var answer = await gateway.SendAsync("GET", path);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.NotEmpty(await answer.Content.ReadAsByteArrayAsync());
            using var again = await gateway.SendAsync("GET", path, headers: ("If-None-Match", answer.Headers.ETag!.Tag));
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        }

        Assert.Equal("text/html", (await gateway.SendAsync("HEAD", "/")).Content.Headers.ContentType?.MediaType);
        Assert.Equal("text/javascript", (await gateway.SendAsync("GET", "/console.js")).Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public void Every_file_of_web_is_carried()
    {
        var files = Directory.GetFiles(Path.Combine(House.Root(), "web")).Select(file => "/" + Path.GetFileName(file));
        Assert.Empty(files.Except(ConsolePages.Paths));
    }

    [Fact]
    public void Nothing_is_inserted_as_markup_and_nothing_comes_from_elsewhere()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(House.Root(), "web")))
        {
            var text = File.ReadAllText(file).Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);
            Assert.DoesNotMatch(Markup(), text);
            Assert.DoesNotMatch(Elsewhere(), text);
            if (file.EndsWith(".html", StringComparison.Ordinal))
            {
                Assert.DoesNotMatch(Inline(), text);
            }
        }
    }

    [GeneratedRegex(@"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function")]
    private static partial Regex Markup();

    [GeneratedRegex("https?://|[\"'(]//|@import")]
    private static partial Regex Elsewhere();

    [GeneratedRegex(@"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", RegexOptions.IgnoreCase)]
    private static partial Regex Inline();
}
