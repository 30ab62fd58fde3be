using Appliance.Host.Configuration;

namespace Appliance.Host.Composition;

/// <summary>
/// One host an output folder: board, kill flag, session and venue stand there, and a second host would take them from the first. The lock is the file's, so
/// the kernel gives it back when the process ends, however it ends.
/// </summary>
internal sealed class OutFolderLock : IDisposable
{
    private readonly FileStream _file;

    private OutFolderLock(FileStream file) => _file = file;

    public static OutFolderLock Take(string folder)
    {
        string path = Path.Combine(folder, "host.lock");
        FileStream file;
        try { file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None); }
        catch (IOException)
        {
            string owner = "";
            string pid = Path.Combine(folder, "host.pid");
            if (File.Exists(pid)) owner = $" (process {File.ReadAllText(pid).Trim()})";
            throw new BadInputException($"{folder}: another host{owner} uses this output folder; give each host its own with --out");
        }
        File.WriteAllText(Path.Combine(folder, "host.pid"), Environment.ProcessId.ToString() + "\n");
        return new OutFolderLock(file);
    }

    public void Dispose() => _file.Dispose();
}
